"""A look at a folder of images before training: classes, damaged files, odd ones, and images that are there twice."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from litclf.data.audit.findings import Finding, Report
from litclf.data.images import ImagesDataModule
from litclf.data.sources.folders import Files, scan, split_files
from litclf.preprocessing.image import Pixels, in_threads, is_grey, open_image
from litclf.utilities.errors import InputError

_USUAL = 0.9
"""Share of the images from which on a size is usual, and the others are odd."""

_RARE = 0.1
"""Share of the largest class below which a class is rare."""

_PLURALS = {"is": "are", "has": "have", "holds": "hold", "lies": "lie", "shows": "show", "does": "do"}


class Look(NamedTuple):
    """What one image file shows.

    Attributes:
        path: The file.
        error: Why it cannot be read; empty where it can.
        size: Width and height, in pixels.
        kind: ``grey`` or ``colour``.
        blank: Whether all of its pixels are alike.
        digest: The same for images of the same pixels, whatever the format of their files.
    """

    path: Path
    error: str = ""
    size: str = ""
    kind: str = ""
    blank: bool = False
    digest: bytes = b""


def check_images(path: str | Path, val_size: float = 0.1, test_size: float = 0.1, seed: int = 42) -> Report:
    """Reads every image below ``path`` and reports what a person should know before training.

    Args:
        path: A folder as :class:`~litclf.data.images.ImagesDataModule` takes it.
        val_size: Its share for validation, which tells what images straddle the splits.
        test_size: Its share for the test.
        seed: Its seed of the split.

    Returns:
        The report. Findings are of the kinds ``no folder``, ``one class``, ``empty class``, ``unknown class``,
        ``unknown split``, ``two splits``, ``no class``, ``no image``, ``unreadable``, ``refused``, ``two classes``,
        ``straddle``, ``rare``, ``blank``, ``odd size``, ``odd colour`` and ``duplicate``.
    """
    found = scan(path)
    report = Report(findings=_grouped((problem.kind, str(problem.path), problem.rule) for problem in found.problems))
    paths = [file for files in found.files.values() for file in files.paths]
    bar = tqdm(in_threads(_look, paths), desc="checking images", total=len(paths), disable=None, leave=False)
    looks = {look.path: look for look in bar}
    readable = [look for look in looks.values() if not look.error]
    report.findings += _grouped(("unreadable", str(look.path), look.error) for look in looks.values() if look.error)
    splits = found.files
    if not found.problems:
        try:
            splits = split_files(found, val_size, test_size, seed)
        except InputError as error:
            report.findings.append(Finding("refused", [error.where], error.what))
    report.findings += find_copies(splits, {look.path: look.digest for look in readable})
    report.findings += find_rare(splits, found.class_names)
    report.findings += _grouped(("blank", str(look.path), "shows one value only") for look in readable if look.blank)
    report.findings += _odd("size", readable) + _odd("kind", readable)
    report.findings.sort(key=lambda finding: finding.kind == "duplicate")
    report.summary = _counts(splits, found.class_names)
    report.summary["sizes"] = dict(Counter(look.size for look in readable).most_common(10))
    report.summary["colours"] = dict(Counter(look.kind for look in readable))
    return report


def check_loaded(data: ImagesDataModule) -> Report:
    """Reports rare classes and copies among images that a DataModule holds in memory, without reading a file again.

    Args:
        data: The data; of images that are read anew in each pass only the classes are looked at.
    """
    digests: dict[Path, bytes] = {}
    if not data.streamed:
        for split, files in data.files.items():
            pixels = data.splits[split].x.cpu().numpy()
            digests.update((path, _digest(image)) for path, image in zip(files.paths, pixels, strict=True))
    findings = find_copies(data.files, digests) + find_rare(data.files, data.class_names)
    return Report(_counts(data.files, data.class_names), findings)


def find_copies(splits: dict[str, Files], digests: dict[Path, bytes]) -> list[Finding]:
    """Images of the same pixels: in two classes, in two splits, or merely there twice.

    Args:
        splits: The files of each split.
        digests: What is the same for images of the same pixels; files without are passed over.
    """
    copies: dict[bytes, list[tuple[Path, str, int]]] = defaultdict(list)
    for split, files in splits.items():
        for path, target in zip(files.paths, files.targets, strict=True):
            if path in digests:
                copies[digests[path]].append((path, split, target))
    found: dict[str, list[str]] = {"two classes": [], "straddle": [], "duplicate": []}
    for same in copies.values():
        kinds = {"two classes": len({target for *_, target in same}), "straddle": len({split for _, split, _ in same})}
        names = " = ".join(str(path) for path, *_ in same)
        if len(same) > 1:
            for kind in [kind for kind, number in kinds.items() if number > 1] or ["duplicate"]:
                found[kind].append(names)
    messages = {
        "two classes": "are the same image in two classes",
        "straddle": "are the same image in two splits, which flatters the test",
        "duplicate": "are the same image",
    }
    return [Finding(kind, where, messages[kind]) for kind, where in found.items() if where]


def find_rare(splits: dict[str, Files], class_names: tuple[str, ...]) -> list[Finding]:
    """Classes with less than a tenth of the images of the largest."""
    totals = _totals(splits, len(class_names))
    if not len(totals):
        return []
    rare = [name for name, total in zip(class_names, totals, strict=True) if 0 < total < _RARE * totals.max()]
    rule = f"has less than a tenth of the {totals.max()} images of the largest class"
    return _grouped(("rare", f"class {name}", rule) for name in rare)


def _look(path: Path) -> Look:
    try:
        image = open_image(path)
    except InputError as error:
        return Look(path, error.what)
    grey = is_grey(image)
    pixels = np.asarray(image.convert("L") if grey else image)
    blank = bool((pixels == pixels[:1, :1]).all())
    return Look(path, "", f"{image.width} x {image.height}", "grey" if grey else "colour", blank, _digest(pixels))


def _digest(pixels: Pixels) -> bytes:
    digest = hashlib.blake2b(str(pixels.shape).encode(), digest_size=16)
    digest.update(pixels.tobytes())
    return digest.digest()


def _odd(what: str, looks: list[Look]) -> list[Finding]:
    """The few images that differ from nearly all others in size or colour."""
    counts = Counter(getattr(look, what) for look in looks)
    if len(counts) < 2:
        return []
    usual, number = counts.most_common(1)[0]
    if number < _USUAL * len(looks):
        return []
    odd = [str(look.path) for look in looks if getattr(look, what) != usual]
    kind, rule = {"size": ("odd size", "is not of {} pixels"), "kind": ("odd colour", "is not in {}")}[what]
    return _grouped((kind, path, f"{rule.format(usual)}, as nearly all others are") for path in odd)


def _grouped(problems: Iterable[tuple[str, str, str]]) -> list[Finding]:
    """A finding for each kind and rule, with all files it holds for."""
    where: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, path, rule in problems:
        where[kind, rule].append(path)
    return [Finding(kind, paths, rule if len(paths) == 1 else _plural(rule)) for (kind, rule), paths in where.items()]


def _plural(rule: str) -> str:
    verb, space, rest = rule.partition(" ")
    return _PLURALS.get(verb, verb) + space + rest


def _counts(splits: dict[str, Files], class_names: tuple[str, ...]) -> dict[str, object]:
    totals = _totals(splits, len(class_names))
    return {
        "images": int(totals.sum()),
        "splits": {split: len(files.paths) for split, files in splits.items()},
        "classes": dict(zip(class_names, totals.tolist(), strict=True)),
        "shares": dict(zip(class_names, np.round(totals / max(totals.sum(), 1), 4).tolist(), strict=True)),
    }


def _totals(splits: dict[str, Files], num_classes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    targets = [target for files in splits.values() for target in files.targets]
    return np.bincount(np.array(targets, dtype=np.int64), minlength=num_classes)
