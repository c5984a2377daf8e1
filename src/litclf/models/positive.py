"""Positive class: which of two classes F1, precision and recall are of, and why."""

from __future__ import annotations

from dataclasses import dataclass

from litclf.utilities.checks import one_of
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError

_CLEARLY = 0.45
"""Share of the training samples below which the first class is the rarer one whatever way the samples were split."""


@dataclass(frozen=True)
class Positive:
    """One of two classes.

    Attributes:
        index: Its number, 0 or 1.
        name: Its name.
        why: Why it is the one, for people.
    """

    index: int
    name: str
    why: str

    @classmethod
    def of(cls, asked: str | None, spec: DataSpec) -> Positive:
        """The class that was asked for, else the rarer one of the training samples, else the second.

        Args:
            asked: Its name; None where none was named.
            spec: What the data tells.

        Raises:
            InputError: If there is no class of that name.

        Example:
            >>> from litclf import CirclesDataModule
            >>> Positive.of(None, DataSpec.of(CirclesDataModule(num_samples=100)))
            Positive(index=1, name='inner', why='the second class')
        """
        names = spec.class_names or ("0", "1")
        if asked is not None:
            one_of("positive_class", asked, names)
            return cls(names.index(asked), asked, "as set")
        counts = spec.class_counts or (1, 1)
        if counts[0] < _CLEARLY * sum(counts):
            return cls(0, names[0], "the rarer in training")
        return cls(1, names[1], "the rarer in training" if counts[1] < counts[0] else "the second class")

    def to_dict(self) -> dict[str, str]:
        """Name and reason, for what is recorded."""
        return {"name": self.name, "why": self.why}


def refuse_for(num_classes: int, asked: str | None) -> None:
    """Refuses a positive class that was ``asked`` for where there are more classes than two.

    Raises:
        InputError: If one was.
    """
    if asked is not None:
        rule = f"chooses between two classes, the data has {num_classes}"
        raise InputError("positive_class", rule, "drop it: what is measured is the mean over the classes")
