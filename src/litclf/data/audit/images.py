"""Image audit: a look at a folder of images before training."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from litclf.data.audit.findings import Finding, Manager, Report, found_by
from litclf.data.audit.kinds import blank, copies, folder, odd, rare, unreadable
from litclf.data.audit.looks import Images, Look
from litclf.data.images import ImagesDataModule
from litclf.data.sources.folders import Files, drawn_notes, scan, split_files
from litclf.data.sources.image_ranges import range_notes
from litclf.preprocessing.image import Pixels, in_threads, is_grey, open_image
from litclf.utilities.errors import InputError

IN_FILES: tuple[Manager[Images], ...] = (folder, unreadable)
"""Kinds of what keeps files from being used, in the order in which they are told."""

IN_IMAGES: tuple[Manager[Images], ...] = (copies, rare, blank, odd)
"""Kinds of what is the matter with the images of the splits, in the order in which they are told."""


def check_images(
    path: str | Path, val_size: float = 0.1, test_size: float = 0.1, seed: int = 42, white: float | None = None
) -> Report:
    """Reads every image below ``path`` and reports what a person should know before training.

    Args:
        path: A folder as :class:`~litclf.data.images.ImagesDataModule` takes it.
        val_size: Its share for validation, which tells what images straddle the splits.
        test_size: Its share for the test.
        seed: Its seed of the split.
        white: What it takes as white in images of more than 8 bits.

    Returns:
        The report. Findings are of the kinds of :data:`IN_FILES` and :data:`IN_IMAGES`, and ``refused`` where images
        cannot be split.
    """
    found = scan(path)
    paths = [file for files in found.files.values() for file in files.paths]
    read = in_threads(partial(_look, white), paths)
    looks = list(tqdm(read, desc="checking images", total=len(paths), disable=None, leave=False))
    digests = {look.path: look.digest for look in looks if not look.error}
    images = Images(found.files, found.class_names, digests, looks, found.problems)
    findings = found_by(IN_FILES, images)
    if not found.problems:
        try:
            images = replace(images, splits=split_files(found, val_size, test_size, seed))
            found.notes += drawn_notes(found, images.splits)
        except InputError as error:
            findings.append(Finding("refused", [error.where], error.what))
    findings += found_by(IN_IMAGES, images)
    findings.sort(key=lambda finding: finding.kind == "duplicate")
    summary = _counts(images)
    summary["sizes"] = dict(Counter(look.size for look in images.readable).most_common(10))
    summary["colours"] = dict(Counter(look.kind for look in images.readable))
    return Report(summary, findings, [*found.notes, *range_notes(found.files.get("train", Files([], [])).paths, white)])


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
    images = Images(data.files, data.class_names, digests)
    return Report(_counts(images), found_by((copies, rare), images), list(data.notes))


def _look(white: float | None, path: Path) -> Look:
    try:
        image = open_image(path, None, white)
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


def _counts(images: Images) -> dict[str, object]:
    totals = images.totals
    return {
        "images": int(totals.sum()),
        "splits": {split: len(files.paths) for split, files in images.splits.items()},
        "classes": dict(zip(images.class_names, totals.tolist(), strict=True)),
        "shares": dict(zip(images.class_names, np.round(totals / max(totals.sum(), 1), 4).tolist(), strict=True)),
    }
