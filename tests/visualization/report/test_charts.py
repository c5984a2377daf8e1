import json
import math

import pytest

from litclf.runs.history import History
from litclf.visualization.report.charts import MOST_POINTS, figures


def run(train=(), val=(), metrics=(), facts=(), name="loss"):
    rows = [{"step": 10 * n + 9, "epoch": n, f"train/{name}": value} for n, value in enumerate(train)]
    rows += [{"step": 10 * n + 9, "epoch": n, f"val/{name}": value} for n, value in enumerate(val)]
    return History(dict(metrics), dict(facts), rows)


def traces(figure):
    return {trace["name"]: trace for trace in figure["data"]}


def test_train_and_val_share_a_chart():
    (figure,) = figures(run([3, 2], [4, 3]))
    assert traces(figure)["train"]["x"] == traces(figure)["val"]["x"] == [9, 19]
    assert traces(figure)["train"]["y"] == [3, 2]
    assert traces(figure)["val"]["y"] == [4, 3]


@pytest.mark.parametrize(("name", "drawn"), [("loss", 1), ("accuracy", 1), ("psnr", 1), ("f1", 0)])
def test_a_metric_that_is_not_logged_has_no_chart(name, drawn):
    assert len(figures(run([1], [1], name=name))) == drawn
    assert figures(run()) == []


def test_the_best_epoch_is_marked_in_the_chart_of_every_metric():
    loss, accuracy = run(val=[3, 1, 2]), run(val=[0.1, 0.5, 0.9], name="accuracy")
    charts = figures(History({}, {}, [*loss.rows, *accuracy.rows]))
    stars = [(figure["name"], traces(figure)["best"]["x"], traces(figure)["best"]["y"]) for figure in charts]
    assert stars == [("loss", [19], [1]), ("accuracy", [19], [0.5])]
    assert [figure["layout"]["shapes"][0]["x0"] for figure in charts] == [19, 19]
    assert [figure["layout"]["annotations"][0]["text"] for figure in charts] == ["best, epoch 2"] * 2


def test_baselines_are_dashed_lines_over_the_whole_width():
    facts = {"baselines": {"majority class": {"loss": 0.7, "accuracy": 0.5}, "logistic regression": {"loss": math.nan}}}
    (figure,) = figures(run([3, 2, 1], facts=facts))
    line = traces(figure)["majority class"]
    assert (line["x"], line["y"], line["line"]["dash"]) == ([9, 29], [0.7, 0.7], "dash")
    assert "logistic regression" not in traces(figure)


def test_losses_between_epochs_are_drawn_where_there_are_more_of_them():
    epochs = run([3, 2])
    between = [{"step": n, "train/loss_step": 1.0} for n in range(20)]
    assert "train, by step" in traces(figures(History({}, {}, [*epochs.rows, *between]))[0])
    assert "train, by step" not in traces(figures(History({}, {}, [*epochs.rows, *between[:2]]))[0])


@pytest.mark.parametrize(("losses", "scale"), [((1, 0.5), None), ((1, 0.001), "log"), ((1, 0), None), ((1, -9), None)])
def test_a_loss_that_falls_by_decades_has_a_logarithmic_axis(losses, scale):
    (figure,) = figures(run(losses))
    assert figure["layout"]["yaxis"].get("type") == scale


def test_what_is_not_finite_is_a_gap_that_json_can_hold():
    figure = figures(run([1, math.inf, math.nan], [math.nan] * 3))[0]
    assert traces(figure)["train"]["y"] == [1, None, None]
    json.dumps(figure, allow_nan=False)


def test_a_long_curve_is_thinned():
    (figure,) = figures(run([1.0] * (3 * MOST_POINTS + 1)))
    assert MOST_POINTS / 2 < len(traces(figure)["train"]["x"]) <= MOST_POINTS
