"""Leak: a column that alone gives the class away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Rows

KINDS = ("leak",)

_GIVES_AWAY = 0.995
"""Share of rows whose class one column tells, from which on it is suspected to be made of the class."""

_FOLDS = 3
_SAMPLED = 3000
"""Rows that the search for such columns looks at; more would tell the same, later."""

_FEW = 50
"""Distinct numbers up to which each may stand for a class of its own."""

_LEAST = 20
"""Rows below which one column may tell the classes apart by chance."""


def find(rows: Rows) -> list[Finding]:
    """Columns that tell the class of held-out training rows."""
    leaks = [name for name, own in rows.columns.items() if tells_class(own, rows.targets["train"])]
    rule = verb(leaks, "gives the class away: alone it tells", "give the class away: each alone tells")
    return [Finding("leak", leaks, f"{rule} at least 99.5 % of held-out rows")] if leaks else []


def tells_class(column: NDArray[np.float32], targets: NDArray[np.int64]) -> bool:
    """Whether one column alone tells the class of 99.5 % of rows that a small tree has not seen, classes weighed alike.

    Args:
        column: Its values, shape ``(N,)`` or, of categories, ``(N, features)``.
        targets: The class of each row, shape ``(N,)``.

    Example:
        >>> y = np.arange(100) % 2
        >>> tells_class(y * 3.0, y), tells_class(np.arange(100.0), y)
        (True, False)
    """
    rows = np.random.default_rng(0).permutation(len(targets))[:_SAMPLED]
    rows = rows[np.bincount(targets[rows])[targets[rows]] >= _FOLDS]
    y = targets[rows]
    num_classes = len(np.unique(y))
    if len(rows) < _LEAST or num_classes < 2:
        return False
    values, codes = np.unique(column[rows], axis=0, return_inverse=True)
    if len(values) < 2:
        return False
    leaves = len(values) if column.ndim > 1 or len(values) <= _FEW else 2 * num_classes
    # The tree is only grown where so few leaves can do: in the order of the values, classes take turns seldom.
    turns = int(np.count_nonzero(np.diff(y[np.lexsort((y, codes))])))
    if turns >= leaves + 4 * (1 - _GIVES_AWAY) * len(rows):
        return False
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(tree, column[rows].reshape(len(rows), -1), y, cv=folds)
    return bool(balanced_accuracy_score(y, predicted) >= _GIVES_AWAY)
