"""Images of files, arrays and Pillow as the inputs of a network: how they are read, refused and brought to one size."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor

from litclf.preprocessing.base import Preparation
from litclf.preprocessing.png import without_metadata
from litclf.utilities.checks import positive
from litclf.utilities.errors import InputError

# Written out: torchvision takes a second to load, for every command.
_TORCHVISIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")

EXTENSIONS: tuple[str, ...] = (*_TORCHVISIONS, ".jfif", ".jpe", ".jif", ".pjpeg", ".pjp")
"""Endings of image files, lower case; those of torchvision's ImageFolder, and other endings of JPEG files."""

_DEEPEST = 65535
"""Largest value of sixteen bits."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a photo upright, by the orientation in its metadata."""

# Of odd metadata Pillow tells the log too; without a handler of its own that would reach the terminal.
logging.getLogger("PIL").addHandler(logging.NullHandler())

Pixels = NDArray[np.uint8]
Result = TypeVar("Result")


class ImagePreparation(Preparation):
    """Images, grey or in colour, as pixels in [0, 1].

    Args:
        height: Height that the network takes, in pixels.
        width: Width that the network takes, in pixels.
        channels: 1 makes every image grey, 3 makes it red, green and blue.
        resize: Whether images of other sizes are stretched to this one; else they are refused.
        white: Value of a white pixel in grey images of more than 8 bits, such as 4095 for 12 bits in files of 16. None
            takes 65535 for 16 bits, and refuses images whose range is not known.

    Example:
        >>> ImagePreparation(2, 2, 1).inputs(np.array([[[0, 255], [51, 0]]], dtype=np.uint8))
        tensor([[[[0.0000, 1.0000],
                  [0.2000, 0.0000]]]])
    """

    kind = "image"

    def __init__(
        self, height: int, width: int, channels: int, resize: bool = False, white: float | None = None
    ) -> None:
        positive("height", height, 28)
        positive("width", width, 28)
        if channels not in (1, 3):
            raise InputError("channels", f"must be 1 or 3, got {channels}", "pass 1 for grey or 3 for colour")
        if white is not None:
            positive("white", white, 4095.0)
        self.height, self.width, self.channels, self.resize, self.white = height, width, channels, resize, white

    def to_dict(self) -> dict[str, Any]:
        """The size, the channels, whether other sizes are stretched, and what is white."""
        names = ("height", "width", "channels", "resize", "white")
        return {"kind": self.kind, **{name: getattr(self, name) for name in names}}

    def inputs(self, raw: Any) -> Tensor:
        """Pixels in [0, 1], float32 of shape ``(N, channels, height, width)``.

        Args:
            raw: Paths of image files, Pillow images, or a uint8 array of shape ``(N, H, W)`` or ``(N, H, W, C)`` with
                C of 1, 3 or 4; one path or Pillow image stands for a list of one.

        Raises:
            InputError: If an image cannot be read or does not fit; it names the file, or the number of the image.
        """
        if isinstance(raw, str | os.PathLike | Image.Image):
            raw = [raw]
        images: Sequence[Any] = _images_of(raw) if hasattr(raw, "dtype") else list(raw)
        pixels = np.empty((len(images), self.channels, self.height, self.width), dtype=np.uint8)
        for row, image in enumerate(in_threads(self._any_pixels, enumerate(images))):
            pixels[row] = image
        return unit(torch.from_numpy(pixels))

    def file_pixels(self, path: str | Path) -> Pixels:
        """Pixels of an image file, uint8 of shape ``(channels, height, width)``.

        Raises:
            InputError: If the file cannot be read or does not fit.
        """
        least = 2 * max(self.height, self.width) if self.resize else None
        return self._pixels(str(path), open_image(path, least, self.white))

    def _any_pixels(self, numbered: tuple[int, Any]) -> Pixels:
        row, image = numbered
        if isinstance(image, str | os.PathLike):
            return self.file_pixels(os.fspath(image))
        if isinstance(image, Image.Image):
            with _refused(f"image {row}"):
                return self._pixels(f"image {row}", _plain(image, f"image {row}", self.white))
        rule = f"must be a path or a Pillow image, got {type(image).__name__}"
        raise InputError(f"image {row}", rule, "pass paths, Pillow images or a uint8 array of shape (N, H, W)")

    def _pixels(self, where: str, image: Image.Image) -> Pixels:
        size = (self.width, self.height)
        if image.size != size and not self.resize:
            rule = f"must have {self.width} x {self.height} pixels, got {image.width} x {image.height}"
            raise InputError(where, rule, "resize it, or train with --data.size, which stretches all to one size")
        if image.size != size:
            image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
        pixels = np.asarray(image.convert("L" if self.channels == 1 else "RGB"))
        return pixels[None] if self.channels == 1 else pixels.transpose(2, 0, 1)


def unit(x: Tensor) -> Tensor:
    """Pixels in [0, 1], float32, of uint8 ones."""
    return x.to(torch.float32).div_(255)


def open_image(
    file: str | Path | bytes, least: int | None = None, white: float | None = None, where: str | None = None
) -> Image.Image:
    """The image of a file, upright, in Pillow's mode L where the file is grey and RGB where it has colours.

    It is used as it is stored where only its metadata are broken. Sixteen bits of grey become eight. What is
    transparent becomes white, as most viewers show it.

    Args:
        file: The file, or its content.
        least: Shortest side that matters, in pixels: larger JPEG files are then read at a fraction of their size,
            which is several times faster. None reads every pixel.
        white: Value of a white pixel in grey images of more than 8 bits; None takes 65535 for 16 bits.
        where: What a refusal calls the file; None takes its path.

    Raises:
        InputError: If the file is no image, damaged, too large to be safe, or has no known range of values.
    """
    where = str(file) if where is None else where
    with _refused(where):
        try:
            return _read(io.BytesIO(file) if isinstance(file, bytes) else file, where, least, white)
        except (InputError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise
        except Exception:  # Pillow raises many kinds, of metadata too
            pixels = without_metadata(file if isinstance(file, bytes) else Path(file).read_bytes())
            if pixels is None:
                raise
            return _read(io.BytesIO(pixels), where, least, white)


def deepest(path: str | Path) -> tuple[int, bool] | None:
    """The largest value of an image of 16 bits and whether it has colours; None of another, or of an unreadable one.

    Of colours Pillow reads the upper eight bits alone, which tell it to a multiple of 257.
    """
    try:
        with _refused(str(path)), Image.open(path) as image:
            if _is_deep(image):
                return int(np.asarray(image).max()), False
            colours = any(";16" in str(tile) for tile in image.tile)
            return (int(np.asarray(image.convert("RGB")).max()) * 257, True) if colours else None
    except InputError:
        return None


def is_grey(image: Image.Image) -> bool:
    """Whether an image of :func:`open_image` shows no colour."""
    if image.mode == "L":
        return True
    pixels = np.asarray(image)
    return bool((pixels == pixels[..., :1]).all())


def in_threads(read: Callable[[Any], Result], items: Iterable[Any], threads: int | None = None) -> Iterator[Result]:
    """What ``read`` makes of each item, in their order; most of the work on images runs outside of Python's lock."""
    with warnings.catch_warnings(), ThreadPoolExecutor(threads or min(os.cpu_count() or 1, 16)) as pool:
        # Odd metadata are no matter of whoever has the images: what can be read is used, and what cannot is refused.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        # Pillow warns of a decompression bomb only up to twice the size, and then unpacks it.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield from pool.map(read, items)


@contextmanager
def _refused(where: str) -> Iterator[None]:
    """Tells in one line what Pillow finds wrong with an image."""
    try:
        yield
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        rule = f"has more than the {Image.MAX_IMAGE_PIXELS} pixels that are safe to unpack"
        raise InputError(where, rule, "shrink it, or leave it out") from error
    except UnidentifiedImageError as error:
        raise InputError(where, "is no image, whatever its name says", "replace it, or leave it out") from error
    except Exception as error:  # Pillow raises many kinds for a damaged file
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reason = " ".join(reason.split()) or type(error).__name__
        raise InputError(where, f"cannot be read: {reason}", "replace it, or leave it out") from error


def _read(file: str | Path | io.BytesIO, where: str, least: int | None, white: float | None) -> Image.Image:
    with Image.open(file) as image:
        if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
            raise Image.DecompressionBombError
        if least is not None:
            image.draft(None, (least, least))
        return _plain(image, where, white)


def _plain(image: Image.Image, where: str, white: float | None) -> Image.Image:
    """The image upright, in mode L or RGB."""
    image = _upright(image)
    if _is_deep(image):
        return _eight_bits(image, white or _DEEPEST)
    if image.mode in ("I", "F"):
        if white is not None:
            return _eight_bits(image, white)
        rule = f"has pixels of Pillow's mode {image.mode}, whose range is not known"
        raise InputError(where, rule, "pass --data.white with the value of white, or save it with 8 or 16 bits")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _upright(image: Image.Image) -> Image.Image:
    """The image as its metadata say it was taken; as it is stored where these cannot be read."""
    image.load()  # damaged pixels are no matter of the metadata, which some formats keep behind them
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises many kinds for metadata too
        return image
    return image if turn is None else image.transpose(turn)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I;16")


def _eight_bits(image: Image.Image, white: float) -> Image.Image:
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    return Image.fromarray((values * 255 / white).clip(0, 255).astype(np.uint8))


def _images_of(raw: Any) -> list[Image.Image]:
    array = np.asarray(raw)
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 3, 4)):
        rule = f"must be uint8 of shape (N, H, W) or (N, H, W, C), got {array.dtype} of shape {list(array.shape)}"
        raise InputError("input", rule, "pass pixels from 0 to 255, the images along the first axis")
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    return [Image.fromarray(np.ascontiguousarray(image)) for image in array]
