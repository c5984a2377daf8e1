"""Page on which a row, a point or an image can be tried: its files, made for one model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from litclf.inference.model import LoadedModel
from litclf.runs.find import run_folder
from litclf.utilities.errors import InputError

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css", ".js": "text/javascript"}

_EXTENT = (-3.0, 3.0)
"""What is shown of a plane whose data is not there, as standardised data lies."""


def files(model: LoadedModel) -> dict[str, tuple[bytes, str]]:
    """Each file of the page by its path on the server, with its media type; the page itself is at ``/``."""
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "ensure_ascii": False}
    page = environment.get_template("page.html.j2").render(name=_name(model), model=describe(model))
    parts = sorted(path for path in _HERE.iterdir() if path.suffix in _KINDS)
    others = {f"/{path.name}": (path.read_bytes(), _KINDS[path.suffix]) for path in parts}
    return {"/": (page.encode(), "text/html"), **others}


def describe(model: LoadedModel) -> dict[str, Any]:
    """What the page needs to know of a model: what it takes, the names of its classes, and its members."""
    about: dict[str, Any] = {"kind": model.preparation.kind, "class_names": list(model.class_names)}
    about["members"] = model.num_members
    taken: Any = model.preparation
    if taken.kind == "image":
        size = {"height": taken.height, "width": taken.width}
        # MNIST's digits have this form, and no other data comes in it unasked.
        centred = (taken.height, taken.width, taken.channels, taken.resize) == (28, 28, 1, False)
        return about | size | {"resize": taken.resize, "centred": centred}
    numbers, categories = getattr(taken, "numbers", {}), getattr(taken, "categories", {})
    fields = [
        {"name": name, "start": numbers.get(name, {}).get("fill", 0.0), "categories": categories.get(name)}
        for name in taken.columns
    ]
    is_plane = len(fields) == 2 and not categories
    return about | {"fields": fields, "plane": _extents(model) if is_plane else None}


def _extents(model: LoadedModel) -> list[tuple[float, float]]:
    """From where to where the plane is shown, for each of its two columns."""
    taken: Any = model.preparation
    if taken.kind == "table":
        return [(of["mean"] - 3 * of["scale"], of["mean"] + 3 * of["scale"]) for of in taken.numbers.values()]
    from litclf.inference.rebuild import rebuild_data  # loads Lightning

    try:
        x = rebuild_data(model.checkpoint).splits["train"].x
    except (InputError, OSError):
        return [_EXTENT, _EXTENT]
    margin = 0.1 * (x.amax(0) - x.amin(0))
    return list(zip((x.amin(0) - margin).tolist(), (x.amax(0) + margin).tolist(), strict=True))


def _name(model: LoadedModel) -> str:
    """The run, as its folders name it."""
    folder = run_folder(model.path).resolve()
    return f"{folder.parent.name} {folder.name}"
