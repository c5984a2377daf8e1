import io
import logging

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.datasets.folder import IMG_EXTENSIONS
from torchvision.transforms.v2 import functional

from litclf.preprocessing.base import preparation_from
from litclf.preprocessing.image import EXTENSIONS, ImagePreparation, deepest, in_threads, is_grey, open_image
from litclf.utilities.errors import InputError

STREAM = np.random.default_rng(0)
GREY = STREAM.integers(0, 256, (6, 8), dtype=np.uint8)
COLOUR = STREAM.integers(0, 256, (6, 8, 3), dtype=np.uint8)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "ppm", "webp"])
def test_pixels_of_a_file_are_those_written(ending, tmp_path):
    path = save(tmp_path / f"그림.{ending}", COLOUR, **({"lossless": True} if ending == "webp" else {}))
    x = ImagePreparation(6, 8, 3).inputs([path])
    assert (x.dtype, x.shape) == (torch.float32, (1, 3, 6, 8))
    assert np.array_equal(x[0].permute(1, 2, 0), COLOUR.astype(np.float32) / np.float32(255))


def test_paths_pillow_images_and_arrays_give_the_same(tmp_path):
    preparation = ImagePreparation(6, 8, 3)
    path = save(tmp_path / "a.png", COLOUR)
    expected = preparation.inputs(path)
    for raw in (str(path), [str(path)], Image.fromarray(COLOUR), [Image.fromarray(COLOUR)], COLOUR[None]):
        assert torch.equal(preparation.inputs(raw), expected)
    assert torch.equal(preparation.inputs(torch.from_numpy(COLOUR[None])), expected)


def test_grey_arrays_come_with_and_without_a_channel():
    preparation = ImagePreparation(6, 8, 1)
    expected = GREY[None, None].astype(np.float32) / np.float32(255)
    assert np.array_equal(preparation.inputs(GREY[None]), expected)
    assert np.array_equal(preparation.inputs(GREY[None, ..., None]), expected)
    assert preparation.inputs(np.empty((0, 6, 8), np.uint8)).shape == (0, 1, 6, 8)


def test_grey_and_colour_become_one_another():
    x = ImagePreparation(6, 8, 3).inputs(GREY[None])
    assert all(torch.equal(x[:, 0], x[:, channel]) for channel in range(3))
    # The luma of ITU-R 601, which Pillow documents for mode L.
    luma = COLOUR @ np.array([0.299, 0.587, 0.114]) / 255
    assert np.allclose(ImagePreparation(6, 8, 1).inputs(COLOUR[None])[0, 0], luma, atol=1 / 255)


def test_stretched_pixels_are_those_of_torchvision():
    x = torch.from_numpy(STREAM.integers(0, 256, (1, 3, 40, 30), dtype=np.uint8))
    ours = ImagePreparation(12, 20, 3, resize=True).inputs(x.permute(0, 2, 3, 1))
    theirs = functional.resize(x, [12, 20], antialias=True) / 255
    assert float((ours - theirs).abs().max()) <= 1.01 / 255


def test_large_jpeg_read_at_a_fraction_is_near_the_whole(tmp_path):
    rows, columns = np.mgrid[0:480, 0:640]
    smooth = np.stack([rows / 480, columns / 640, np.sin(rows / 50) ** 2], axis=-1)
    path = save(tmp_path / "a.jpg", (smooth * 255).astype(np.uint8), quality=95)
    whole = np.asarray(open_image(path).resize((32, 32), Image.Resampling.BILINEAR)) / 255
    assert (
        np.abs(ImagePreparation(32, 32, 3, resize=True).inputs(path)[0].permute(1, 2, 0).numpy() - whole).max() < 0.03
    )


def test_sixteen_bits_of_grey_become_eight(tmp_path):
    path = save(tmp_path / "a.png", GREY.astype(np.uint16) * 257)
    assert np.array_equal(np.asarray(open_image(path)), GREY)


@pytest.mark.parametrize(("white", "expected"), [(None, 15), (4095, 255), (2048, 255), (65535, 15), (5e9, 0)])
def test_white_is_what_it_is_said_to_be(white, expected, tmp_path):
    path = save(tmp_path / "a.png", np.full((2, 2), 4095, np.uint16))
    assert np.asarray(open_image(path, white=white)).tolist() == [[expected] * 2] * 2
    x = ImagePreparation(2, 2, 1, white=white).inputs([path])
    assert torch.equal(x, torch.full((1, 1, 2, 2), expected / 255))
    rebuilt = preparation_from(ImagePreparation(2, 2, 1, white=white).to_dict())
    assert torch.equal(rebuilt.inputs([path]), x)


def test_eight_bits_have_their_own_white(tmp_path):
    path = save(tmp_path / "a.png", GREY)
    assert np.array_equal(np.asarray(open_image(path, white=4095)), GREY)


def test_pixels_of_unknown_range_are_read_where_white_is_given(tmp_path):
    path = save(tmp_path / "a.tiff", np.array([[0, 0.5, 1, 2, -1, np.nan]], np.float32))
    assert np.asarray(open_image(path, white=1)).tolist() == [[0, 127, 255, 255, 0, 0]]


def test_the_largest_value_of_sixteen_bits_is_told(tmp_path):
    values = np.array([[0, 4001]], np.uint16)
    assert deepest(save(tmp_path / "a.png", values)) == (4001, False)
    assert deepest(save(tmp_path / "a.tiff", values)) == (4001, False)
    assert deepest(save(tmp_path / "b.png", GREY)) is None
    assert deepest(tmp_path / "none.png") is None


def test_what_pillow_warns_of_does_not_reach_the_terminal(tmp_path, capfd):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x" * 200
    path = save(tmp_path / "a.jpg", GREY, exif=exif.tobytes()[:60])
    with pytest.warns(UserWarning, match="Tag data larger than file"), Image.open(path) as image:
        image.getexif()
    (image,) = in_threads(open_image, [path])
    assert image.size == (6, 8), "the orientation can still be read"
    logging.getLogger("PIL.TiffImagePlugin").warning("odd metadata")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_orientation_is_that_of_pillow(turn, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = turn
    path = save(tmp_path / "a.png", GREY, exif=exif)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(np.asarray(open_image(path)), expected)


def test_transparent_parts_become_white(tmp_path):
    pixels = np.zeros((6, 8, 4), np.uint8)
    pixels[:3, :, 3] = 255
    seen = np.asarray(open_image(save(tmp_path / "a.png", pixels)))
    assert not seen[:3].any()
    assert (seen[3:] == 255).all()


@pytest.mark.parametrize("mode", ["1", "P", "LA", "CMYK", "HSV"])
def test_every_usual_mode_is_read(mode):
    image = Image.fromarray(COLOUR).convert("RGB" if mode == "HSV" else "L").convert(mode)
    assert ImagePreparation(6, 8, 3).inputs(image).shape == (1, 3, 6, 8)


def test_photo_taken_sideways_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    upright = open_image(save(tmp_path / "a.png", GREY, exif=exif))
    assert np.array_equal(np.asarray(upright), np.rot90(GREY, -1))


def test_grey_is_told_by_what_is_seen():
    assert is_grey(Image.fromarray(GREY))
    assert is_grey(Image.fromarray(GREY).convert("RGB"))
    assert not is_grey(Image.fromarray(COLOUR))


def png_bytes(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no image, whatever its name says"),
        (b"name,age\nKim,3\n", "is no image, whatever its name says"),
        (png_bytes(COLOUR)[:-40], "cannot be read: "),
        (png_bytes(COLOUR)[:60], "cannot be read: "),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_damaged_file_is_refused_by_name(content, message, tmp_path):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as error:
        ImagePreparation(6, 8, 3, resize=True).inputs([path])
    assert str(error.value).startswith(f"{path}: {message}")
    assert "; fix: replace it, or leave it out" in str(error.value)
    assert "\n" not in str(error.value)


def test_jpeg_cut_short_is_refused(tmp_path):
    path = save(tmp_path / "a.jpg", STREAM.integers(0, 256, (200, 200, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"a\.jpg: cannot be read: .*truncated"):
        ImagePreparation(6, 8, 3, resize=True).inputs([path])


@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("most", [47, 40, 20])
def test_decompression_bomb_is_refused_before_it_unpacks(most, tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", GREY)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    with pytest.raises(
        InputError, match=rf"a\.png: has more than the {most} pixels that are safe to unpack; fix: shrink"
    ):
        ImagePreparation(6, 8, 3).inputs([path])


def test_no_pixel_limit_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert open_image(save(tmp_path / "a.png", GREY)).size == (8, 6)


def test_pixels_of_unknown_range_are_refused(tmp_path):
    path = save(tmp_path / "a.tiff", GREY.astype(np.float32))
    with pytest.raises(InputError, match=r"a\.tiff: has pixels of Pillow's mode F, whose range is not known"):
        open_image(path)


def test_wrong_size_is_refused_with_the_file_or_the_number(tmp_path):
    path = save(tmp_path / "a.png", GREY)
    preparation = ImagePreparation(6, 6, 1)
    with pytest.raises(InputError, match=rf"^{path}: must have 6 x 6 pixels, got 8 x 6; fix: resize it, or train"):
        preparation.inputs([path])
    with pytest.raises(InputError, match=r"^image 1: must have 6 x 6 pixels, got 8 x 6"):
        preparation.inputs([Image.new("L", (6, 6)), Image.new("L", (8, 6))])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.zeros((2, 6, 8)), "input: must be uint8 of shape .*, got float64 of shape"),
        (np.zeros((6, 8), np.uint8), r"input: must be uint8 .* of shape \[6, 8\]"),
        (np.zeros((2, 3, 6, 8), np.uint8), r"input: must be uint8 .* of shape \[2, 3, 6, 8\]"),
        ([3], "image 0: must be a path or a Pillow image, got int"),
    ],
)
def test_what_is_no_image_is_refused(raw, message):
    with pytest.raises(InputError, match=f"^{message}"):
        ImagePreparation(6, 8, 3).inputs(raw)


@pytest.mark.parametrize(("name", "value"), [("height", 0), ("width", -1), ("channels", 2), ("white", 0)])
def test_argument_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: must be .*, got {value}"):
        ImagePreparation(**{"height": 6, "width": 8, "channels": 1, name: value})


def test_plain_dict_rebuilds_it():
    preparation = ImagePreparation(5, 7, 3, resize=True)
    rebuilt = preparation_from(preparation.to_dict())
    assert rebuilt.to_dict() == preparation.to_dict()
    assert torch.equal(rebuilt.inputs(COLOUR[None]), preparation.inputs(COLOUR[None]))


def test_threads_keep_the_order_and_stop_at_the_first_error():
    assert list(in_threads(lambda number: number**2, range(50))) == [number**2 for number in range(50)]
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda number: 1 / number, [1, 0, 2]))


def test_every_ending_of_an_image_folder_of_torchvision_is_one_here():
    assert set(IMG_EXTENSIONS) <= set(EXTENSIONS)
