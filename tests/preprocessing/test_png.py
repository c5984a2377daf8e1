import struct
import zlib

import numpy as np
import pytest

from litclf.preprocessing.image import deepest, in_threads, open_image
from litclf.preprocessing.png import without_metadata
from litclf.utilities.errors import InputError

COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def png_of(depth, colour, size, pixels, *chunks):
    """A PNG file as the standard has it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    extra = b"".join(part if isinstance(part, bytes) else chunk(*part) for part in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


ORIENTATION = b"MM\0*\0\0\0\x08\0\x01\x01\x12"
"""EXIF with an orientation, up to the type of its value."""

METADATA = {
    "EXIF that is none": [(b"eXIf", b"no metadata here")],
    "EXIF cut short": [(b"eXIf", b"MM\0*\0\0\0\x08\xff\xff")],
    "orientation of another type": [(b"eXIf", ORIENTATION + b"\0\x05\0\0\0\x01\0\0\xff\xff" + bytes(4))],
    "orientation that is none": [(b"eXIf", ORIENTATION + b"\0\x03\0\0\0\x01\0\x09\0\0" + bytes(4))],
    "profile that is none": [(b"iCCP", b"name\0\0not packed")],
    "text that is not packed": [(b"zTXt", b"key\0\0not packed")],
    "resolution cut short": [(b"pHYs", b"1")],
    "gamma of nothing": [(b"gAMA", b"")],
    "text with a wrong checksum": [b"\0\0\0\x03tEXta\0b" + bytes(4)],
}


@pytest.mark.parametrize("case", METADATA)
def test_pixels_are_used_as_stored_where_only_metadata_are_broken(case, tmp_path, recwarn):
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    path = tmp_path / "a.png"
    path.write_bytes(png_of(8, 2, (8, 6), rows, *METADATA[case]))
    (image,) = in_threads(open_image, [path])
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
    assert deepest(tmp_path / "c.png") == 15 * 257
