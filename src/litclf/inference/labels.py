"""Labels: the classes that new data says it is of, in a column or by the names of folders, among those of a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.inference.model import LoadedModel
from litclf.preprocessing.values import evened, texts_in
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import listed, short

NOT_NAMED = -1
"""The number of no class."""


@dataclass(frozen=True)
class Labels:
    """Where the classes of new data are found.

    Attributes:
        class_names: Names of the classes of the model.
        source: The file or folder.
        column: The column of the classes; None where none is known, and of images.
    """

    class_names: tuple[str, ...]
    source: Path
    column: str | None

    @classmethod
    def of(cls, model: LoadedModel, source: Path, column: str | None = None) -> Labels:
        """The classes of ``source``, in the ``column`` that is named, or that of the training."""
        return cls(model.class_names, source, column or model.checkpoint.data_hparams.get("target"))

    def numbers(self, raw: Any) -> NDArray[np.int64] | None:
        """The number of the class of each row or image, :data:`NOT_NAMED` where it is none of the model's.

        Args:
            raw: A DataFrame of rows, or paths of images.

        Returns:
            int64 of shape ``(N,)``; None where nothing says which classes they are of.
        """
        if not isinstance(raw, pd.DataFrame):
            return self._of_folders(raw) if self.source.is_dir() else None
        if self.column is None or self.column not in raw.columns:
            return None
        texts = texts_in(raw[self.column])
        return texts.places(self.class_names)[texts.codes]

    def _of_folders(self, paths: list[Path]) -> NDArray[np.int64]:
        """By the folder next to each image that is called as a class is."""
        known = {name: number for number, name in enumerate(self.class_names)}
        numbers = []
        for path in paths:
            folders = map(evened, reversed((self.source.name, *path.relative_to(self.source).parts[:-1])))
            numbers.append(next((known[name] for name in folders if name in known), NOT_NAMED))
        return np.array(numbers, dtype=np.int64)

    def refusal(self, raw: Any, numbers: NDArray[np.int64] | None) -> InputError:
        """Why rows or images cannot be scored: the first that is of no class."""
        where, classes = str(self.source), listed(self.class_names, most=10)
        if not isinstance(raw, pd.DataFrame):
            assert numbers is not None  # one image alone was refused before
            path = raw[int(np.flatnonzero(numbers == NOT_NAMED)[0])]
            rule = f"{path.relative_to(self.source)} lies in no folder of a class"
            return InputError(where, rule, f"put it into a folder called as its class is: {classes}")
        if numbers is None:
            if self.column is None:
                return InputError("--target", "is not known: the model was given classes without a column", _NAME_IT)
            near = nearest(self.column, map(str, raw.columns))
            fix = f"did you mean --target {near}?" if near else _NAME_IT
            return InputError(where, f"has no column {self.column} of classes", fix)
        row = int(np.flatnonzero(numbers == NOT_NAMED)[0])
        value, place = raw[self.column].iloc[row], f"{raw.index.name or 'row'} {raw.index[row]}"
        if pd.isna(value):
            return InputError(where, f"{place} has no class in column {self.column}", "fill it in, or leave it out")
        near = nearest(str(value), self.class_names)
        rule = f"{place} is of class {short(str(value))}, and the model knows {classes}"
        return InputError(where, rule, f"did you mean {near}?" if near else "mend it, or leave the row out")


_NAME_IT = "pass --target COLUMN, or predict rows without classes by litclf predict"
