"""Which of several runs did best on validation data, by what the checkpoint that was kept is worth."""

import pytest

from litclf.runs.best import best_version

SCORE = {"best": {"score": 0.2}}


def rows(losses, accuracies=None):
    found = [{"step": 10 * epoch + 9, "epoch": epoch, "val/loss": loss} for epoch, loss in enumerate(losses)]
    for row, accuracy in zip(found, accuracies or [], strict=False):
        row["val/accuracy"] = accuracy
    return found


@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        ({"rows": rows([0.2], [0.9])}, {"rows": rows([0.1], [0.8])}, 0),
        ({"rows": rows([0.2], [0.9])}, {"rows": rows([0.1], [0.9])}, 1),
        ({"rows": rows([0.3])}, {"rows": rows([0.2])}, 1),
        # What was kept counts, not how a run ended.
        ({"rows": rows([0.2, 9.0], [0.9, 0.5]), "metrics": SCORE}, {"rows": rows([0.3, 0.3], [0.8, 0.8])}, 0),
        ({"rows": rows([float("nan")], [float("nan")])}, {"rows": rows([0.7], [0.5])}, 1),
        (
            {"rows": rows([0.2], [0.6]), "metrics": {"test/accuracy": 1.0}},
            {"rows": rows([0.2], [0.7]), "metrics": {"test/accuracy": 0.1}},
            1,
        ),
        (
            {"metrics": {"members": {"metrics": {"val/accuracy": {"mean": 0.8}}}}, "rows": rows([0.1], [1.0])},
            {"rows": rows([0.1], [0.9])},
            1,
        ),
    ],
)
def test_the_best_is_chosen_on_validation_data(first, second, best, make_run):
    folders = [
        make_run(f"logs/own/version_{number}", **{"metrics": {}} | run) for number, run in enumerate((first, second))
    ]
    assert best_version(folders[0].parent) == folders[best]
