import numpy as np
import pytest

from litclf.preprocessing.image import deepest, in_threads, open_image
from litclf.preprocessing.png import without_metadata
from litclf.utilities.errors import InputError
from tests.preprocessing.png_files import METADATA, png_of

COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("case", METADATA)
def test_pixels_are_used_as_stored_where_only_metadata_are_broken(case, tmp_path, recwarn):
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    path = tmp_path / "a.png"
    path.write_bytes(png_of(8, 2, (8, 6), rows, *METADATA[case]))
    for file in (path, path.read_bytes()):
        (image,) = in_threads(open_image, [file])
        assert np.array_equal(np.asarray(image), COLOUR)
    assert not list(recwarn)


def test_damaged_pixels_behind_broken_metadata_are_refused(tmp_path):
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    path = tmp_path / "a.png"
    path.write_bytes(png_of(8, 2, (8, 6), rows, (b"pHYs", b"1"))[:-60])
    with pytest.raises(InputError, match=r"a\.png: cannot be read: "):
        open_image(path)


def test_nothing_is_left_but_what_pixels_are_made_of():
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    assert without_metadata(png_of(8, 2, (8, 6), rows, (b"pHYs", b"1"), (b"tEXt", b"a\0b"))) == png_of(
        8, 2, (8, 6), rows
    )
    assert without_metadata(b"GIF89a") is None


def test_sixteen_bits_of_colours_are_told_by_their_upper_eight(tmp_path):
    # Pillow reads them and does not write them: rows of a filter byte and pixels
    pixels = b"\0" + np.array([256 * 15 + 7, 0, 513], ">u2").tobytes()
    (tmp_path / "c.png").write_bytes(png_of(16, 2, (1, 1), pixels))
    assert deepest(tmp_path / "c.png") == (15 * 257, True)
