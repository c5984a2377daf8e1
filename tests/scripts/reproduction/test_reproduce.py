import json

import pytest


def test_figures_stand_in_columns(load):
    reproduce = load("reproduction", "reproduce")
    figure = load("reproduction", "experiments").Figure
    text = reproduce.table(
        [figure("blobs", "held out", "99.5 %", "", "99 %", True), figure("b", "x", "", "1", "2", False)]
    )
    assert text.splitlines() == [
        "experiment | figure   | published | re-run | ours | ok",
        "blobs      | held out | 99.5 %    | -      | 99 % | ok",
        "b          | x        | -         | 1      | 2    | MISSED",
    ]


def test_a_share_of_seeds_has_its_interval(load):
    # Wilson's formula by hand: (p + z z / 2n -+ z sqrt(p (1 - p) / n + z z / 4nn)) / (1 + z z / n), p = 0.8, n = 5
    assert load("reproduction", "experiments").share([True] * 4 + [False]) == "4 of 5 seeds (38%..96%)"


@pytest.mark.slow
def test_it_meets_every_figure_that_needs_no_mnist(start, tmp_path, capsys):
    code = start("reproduction/reproduce.py", "--output", tmp_path)
    assert code == 0, capsys.readouterr().out
    assert json.loads((tmp_path / "reproduction.json").read_text())
