"""Label errors: rows whose label models they were held out of find improbable, by confident learning."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import TqdmWarning

from litclf.studies.folds import OutOfFold
from litclf.utilities.errors import InputError


def label_errors(held: OutOfFold) -> pd.DataFrame:
    """All rows that were held out, the one with the most doubtful label first.

    Args:
        held: What rows were taken for by models that they were held out of.

    Returns:
        A row for each, by its number among all rows: its name, its ``label``, the class it ``seems`` to be, the
        ``quality`` of its label, the probability of the label less that of the class most often expected in its place,
        in [0, 1], and whether confident learning counts it among the errors.

    Raises:
        InputError: If the package cleanlab is missing.

    Source: Northcutt, Jiang and Chuang, Confident Learning, 2021, by the package cleanlab.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TqdmWarning)  # of bars in a notebook, which are not drawn here
            from cleanlab.filter import find_label_issues
            from cleanlab.rank import get_label_quality_scores
    except ModuleNotFoundError as error:
        rule = f"needs the package {error.name}, which is not installed"
        raise InputError("label errors", rule, "pip install 'litclf[labels]'") from error
    known = held.predicted >= 0
    targets, probabilities = held.targets[known], held.probabilities[known]
    quality = get_label_quality_scores(targets, probabilities, method="normalized_margin")
    doubtful = find_label_issues(targets, probabilities, n_jobs=1)
    names = np.array(held.class_names, dtype=object)
    table = pd.DataFrame(
        {
            "row": np.array(held.names, dtype=object)[known],
            "label": names[targets],
            "seems": names[_other(targets, probabilities)],
            "quality": quality,
            "is_error": doubtful,
        },
        index=np.flatnonzero(known),
    )
    return table.sort_values("quality", kind="stable")


def _other(targets: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """The most probable class of each row beside its label."""
    others = probabilities.copy()
    others[np.arange(len(targets)), targets] = -1
    return np.asarray(others.argmax(axis=1))
