"""Confusion matrix of the test split as the page shows it: cells, or the most confused pairs of many classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_CLASSES = 20
"""Classes up to which the matrix is shown whole; a larger one does not fit a screen."""

MOST_PAIRS = 20

_MOST_WORDS = 3
"""Pairs that are told in words."""


@dataclass(frozen=True)
class Cell:
    """The samples of one true class that were predicted as one class.

    Attributes:
        key: Under which ``samples.json`` keeps them, ``"true,predicted"``.
        target: Name of the true class.
        predicted: Name of the predicted class.
        count: How many there are.
        share: Share of them in the samples of the true class, in [0, 1].
        opens: Whether some were kept to be shown.
    """

    key: str
    target: str
    predicted: str
    count: int
    share: float
    opens: bool

    @property
    def is_right(self) -> bool:
        """Whether the prediction is the true class."""
        true, predicted = self.key.split(",")
        return true == predicted


@dataclass(frozen=True)
class Confusion:
    """What the page shows of a confusion matrix.

    Attributes:
        names: Names of the classes.
        rows: All cells, a row for each true class; empty where there are more than ``MOST_CLASSES``.
        pairs: The most confused pairs, most samples first; empty where ``rows`` are shown.
        words: The most confused pairs in words, from three classes on.
    """

    names: list[str]
    rows: list[list[Cell]]
    pairs: list[Cell]
    words: str = ""


def confusion(facts: Mapping[str, Any], samples: Mapping[str, Any]) -> Confusion | None:
    """The matrix of ``facts["confusion"]``; None where there is none.

    Args:
        facts: The facts of a run.
        samples: The content of its ``samples.json``, or nothing.

    Example:
        >>> shown = confusion({"confusion": [[3, 1], [0, 2]], "class_names": ["cat", "dog"]}, {})
        >>> [(cell.count, cell.share) for cell in shown.rows[0]]
        [(3, 0.75), (1, 0.25)]
    """
    counts = facts.get("confusion")
    if not counts:
        return None
    names = [str(name) for name in facts.get("class_names") or range(len(counts))]
    kept = samples.get("cells") or {}
    rows = [
        [
            Cell(key, names[i], names[j], count, count / max(1, sum(row)), bool(kept.get(key)))
            for j, count in enumerate(row)
            for key in [f"{i},{j}"]
        ]
        for i, row in enumerate(counts)
    ]
    errors = [cell for row in rows for cell in row if cell.count and not cell.is_right]
    pairs = sorted(errors, key=lambda cell: -cell.count)
    words = _words(pairs) if len(counts) > 2 else ""
    shown = len(counts) <= MOST_CLASSES
    return Confusion(names, rows if shown else [], [] if shown else pairs[:MOST_PAIRS], words)


def _words(pairs: list[Cell]) -> str:
    """The most confused pairs, in a sentence; empty where no sample was taken for another class."""
    told = [f"{cell.target} for {cell.predicted} ({cell.count}, {100 * cell.share:.1f} % of it)" for cell in pairs]
    if not told:
        return ""
    return f"Taken most often for another: {', '.join(told[:_MOST_WORDS])}{', ...' if len(told) > _MOST_WORDS else ''}."
