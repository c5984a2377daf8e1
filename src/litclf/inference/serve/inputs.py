"""Inputs of a request: its JSON, checked, as what a network takes."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from PIL import Image, UnidentifiedImageError
from pydantic_core import from_json
from torch import Tensor

from litclf.preprocessing.base import preparation_from
from litclf.preprocessing.png import without_metadata
from litclf.utilities.errors import InputError
from litclf.utilities.text import listed

MAX_BYTES = 16_000_000
"""Longest body of a request, in bytes."""

MAX_ROWS = 10_000
"""Most rows of a request."""

MAX_IMAGES = 64
"""Most images of a request."""

MAX_PIXELS = 25_000_000
"""Most pixels of all images of a request together, as their files state them."""

_LARGEST_WHOLE = 2**63
"""From here on NumPy and Arrow have no whole numbers."""


class TooLargeError(InputError):
    """More was asked than is answered at once; HTTP's status 413, where other input errors are 422."""


@dataclass(frozen=True)
class Question:
    """The inputs of one request.

    Attributes:
        x: Inputs of the network, float32 of shape ``(N, *input_shape)``.
        notes: What the client should know of them, one line each: categories that no training row had.
    """

    x: Tensor
    notes: tuple[str, ...] = ()


def parsed(body: bytes) -> Any:
    """The JSON of a body, strictly: UTF-8, no NaN or Infinity, no halves of a character.

    Raises:
        InputError: If it is none.

    Example:
        >>> parsed(b'{"row": [-1, 1]}')
        {'row': [-1, 1]}
        >>> parsed(b'{"row": [NaN, 1]}')
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: body: is not JSON: expected value at line 1 column 10; fix: ...
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        fix = 'send JSON such as {"row": [-1, 1]}; NaN and Infinity are none'
        raise InputError("body", f"is not JSON: {error}", fix) from error


def question(described: dict[str, Any], asked: Any) -> Question:
    """The network's inputs for what a client asks.

    Args:
        described: The preparation of the model, as its ``to_dict`` tells it.
        asked: The JSON of the body: ``{"row": ROW}`` or ``{"rows": [ROW, ...]}``, each row a dict by column or the
            values in the order of the columns; of images ``{"image": TEXT}`` or ``{"images": [TEXT, ...]}``, each a PNG
            or JPEG file in base64.

    Raises:
        TooLargeError: If there are too many rows, images or pixels.
        InputError: If something does not fit the model; the message names row and column, or the image.

    Example:
        >>> question({"kind": "array", "columns": ["x1", "x2"]}, {"row": {"x2": 1, "x1": -1}}).x
        tensor([[-1.,  1.]])
    """
    # A new one each time, since it warns of a category that is new to it only once.
    preparation = preparation_from(described)
    if preparation.kind == "image":
        return Question(preparation.inputs(_images(_items(asked, "image", MAX_IMAGES), preparation)))
    columns: list[str] = described["columns"]
    rows = [_row(number, row, columns) for number, row in enumerate(_items(asked, "row", MAX_ROWS))]
    if preparation.kind == "array":
        _only_numbers(rows, columns)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x = preparation.inputs(pd.DataFrame(rows, columns=columns))
    return Question(x, tuple(str(note.message) for note in caught))


def _items(asked: Any, one: str, most: int) -> list[Any]:
    """The rows or images, of which there is at least one."""
    many = f"{one}s"
    fix = f'send {{"{one}": ...}} or {{"{many}": [...]}}'
    if not isinstance(asked, dict):
        raise InputError("body", f"must be a JSON object, got {_kind(asked)}", fix)
    unknown = [key for key in asked if key not in (one, many)]
    if unknown:
        raise InputError("body", f"has an unknown key {_shown(unknown[0])}", fix)
    if len(asked) != 1:
        raise InputError("body", f"must have one key, {one} or {many}, got {len(asked)}", fix)
    if one in asked:
        return [asked[one]]
    items = asked[many]
    if not isinstance(items, list) or not items:
        got = "an empty list" if items == [] else _kind(items)
        raise InputError(many, f"must be a list with at least one {one}, got {got}", fix)
    if len(items) > most:
        raise TooLargeError(many, f"must be {most} at most, got {len(items)}", "send them in several requests")
    return items


def _row(number: int, row: Any, columns: Sequence[str]) -> list[Any]:
    """The values of a row in the order of the columns."""
    where = f"row {number}"
    if isinstance(row, dict):
        unknown = [name for name in row if name not in columns]
        if unknown:
            rule = f"has an unknown column {_shown(unknown[0])}"
            raise InputError(where, rule, f"send {listed(columns)}")
        missing = [name for name in columns if name not in row]
        if missing:
            raise InputError(where, f"lacks the column {missing[0]}", f"send {listed(columns)}")
        row = [row[name] for name in columns]
    if not isinstance(row, list):
        raise InputError(where, f"must be a list or an object, got {_kind(row)}", f"send {listed(columns)}")
    if len(row) != len(columns):
        rule = f"must hold {len(columns)} values, got {len(row)}"
        raise InputError(where, rule, f"send {listed(columns)}")
    for name, value in zip(columns, row, strict=True):
        if isinstance(value, list | dict):
            rule = f"must be a number or text, got {_kind(value)}"
            raise InputError(f"{where}, column {name}", rule, "send one value")
        if isinstance(value, int) and abs(value) >= _LARGEST_WHOLE:
            raise InputError(f"{where}, column {name}", "is too large a whole number", "send it with a decimal point")
    return row


def _only_numbers(rows: list[list[Any]], columns: Sequence[str]) -> None:
    for number, row in enumerate(rows):
        for name, value in zip(columns, row, strict=True):
            if isinstance(value, bool) or not isinstance(value, int | float):
                rule = f"must be a number, got {_kind(value)}"
                raise InputError(f"row {number}, column {name}", rule, "send a number, without quotes")


def _images(texts: list[Any], preparation: Any) -> list[Image.Image]:
    """The images, of which only the headers are read until their pixels are counted."""
    from litclf.preprocessing.image import open_image  # models of tables need no torchvision, which it loads

    images: list[Image.Image] = []
    pixels = 0
    for number, text in enumerate(texts):
        where = f"image {number}"
        content = _content(where, text)
        pixels += _pixels(where, content)
        if pixels > MAX_PIXELS:
            rule = f"brings the pixels of the request to {pixels}, which may be {MAX_PIXELS} at most"
            raise TooLargeError(where, rule, "shrink it, or send fewer images")
        # Read as a file is, so that an image has one answer however it comes.
        least = 2 * max(preparation.height, preparation.width) if preparation.resize else None
        images.append(open_image(content, least, preparation.white, where))
    return images


def _content(where: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise InputError(where, f"must be text, got {_kind(text)}", "send a PNG or JPEG file in base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(where, "is not base64", "send a PNG or JPEG file in base64, without line ends") from error


def _pixels(where: str, content: bytes) -> int:
    """How many pixels the header of an image states."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels, which are counted next
            with Image.open(io.BytesIO(without_metadata(content) or content), formats=("PNG", "JPEG")) as image:
                return image.width * image.height
    except Image.DecompressionBombError as error:
        rule = f"has more than {MAX_PIXELS} pixels"
        raise TooLargeError(where, rule, "shrink it") from error
    except UnidentifiedImageError as error:
        raise InputError(where, "is neither a PNG nor a JPEG file", "send one of these in base64") from error
    except Exception as error:  # Pillow raises many kinds for a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(where, f"cannot be read: {reason}", "send another file") from error


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
