"""Audit of loaded data: a look at what a fit begins with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch import LightningDataModule

from litclf.data.audit import images, table
from litclf.data.audit.findings import Report
from litclf.data.base import ClassificationDataModule
from litclf.data.images import ImagesDataModule
from litclf.utilities.notes import tell
from litclf.utilities.text import listed


def check_loaded(data: LightningDataModule) -> Report:
    """A look at the splits that a DataModule holds in memory, quick enough for the start of a fit.

    Data that is not litclf's, or has no classes, gives an empty report.

    Example:
        >>> from litclf import BlobsDataModule
        >>> check_loaded(BlobsDataModule()).findings
        []
    """
    if isinstance(data, ImagesDataModule):
        return images.check_loaded(data)
    return table.check_splits(data) if isinstance(data, ClassificationDataModule) else Report()


def _lacking(data: LightningDataModule, told: Sequence[str]) -> list[str]:
    """Which classes validation and test have no sample of, where nothing was said of it before."""
    if not isinstance(data, ClassificationDataModule):
        return []
    notes = []
    for split in ("val", "test"):
        there = set(data.splits[split].y.tolist())
        names = [name for number, name in enumerate(data.class_names) if number not in there]
        if there and names and not any(note.startswith(f"{split} has no ") for note in told):
            left = "its metrics are over the others"
            if data.num_classes == 2:
                left = "AUROC has no value there, nor has what is measured of that class"
            notes.append(f"{split} has no sample of class {listed(names, most=5)}: {left}")
    return notes


def tell_findings(data: LightningDataModule, folder: Path | None) -> None:
    """Says in a few lines what is wrong with the data, and writes what was found into the run folder."""
    found = check_loaded(data)
    tell(*found.notes, *_lacking(data, found.notes))
    if lines := found.lines():
        print(*lines, sep="\n")
        if folder is not None:
            found.write(folder / "data_report.json")
