import numpy as np
import pytest
from scipy import stats

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.colours import TRAIN, VAL
from litclf.visualization.plots.curves import MemberLines, draw_curves

CURVES = {
    "train/loss": ([10, 20, 30], [0.7, 0.5, 0.4]),
    "val/loss": ([10, 20, 30], [0.8, 0.6, 0.7]),
    "train/accuracy": ([10, 20, 30], [0.5, 0.7, 0.8]),
    "val/accuracy": ([10, 20, 30], [0.4, 0.6, 0.6]),
    "train/steps_per_second": ([10], [1000.0]),
}
BASELINES = {"majority class": {"loss": 0.69, "accuracy": 0.5}, "logistic regression": {"loss": 0.65, "accuracy": 0.55}}


def test_train_and_val_of_a_metric_share_a_panel():
    figure = draw_curves(CURVES)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    for axes, metric in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert axes.get_xlabel() == "optimizer step"
        train, val = axes.lines
        assert np.array_equal(train.get_xydata().T, CURVES[f"train/{metric}"])
        assert np.array_equal(val.get_xydata().T, CURVES[f"val/{metric}"])
        assert (train.get_color(), val.get_color()) == (TRAIN, VAL)


def test_best_epoch_and_baselines_are_marked(legend_texts):
    figure = draw_curves(CURVES, best=20, baselines=BASELINES)
    for axes, metric in zip(figure.axes, ("loss", "accuracy"), strict=True):
        _, _, best, majority, regression = axes.lines
        assert best.get_xdata() == [20, 20]
        assert majority.get_ydata() == [BASELINES["majority class"][metric]] * 2
        assert regression.get_ydata() == [BASELINES["logistic regression"][metric]] * 2
    expected = ["train", "val", "best epoch", "majority class", "logistic regression"]
    assert legend_texts(figure.legends[0]) == expected


def test_the_legend_hides_no_curve():
    figure = draw_curves({"val/loss": CURVES["val/loss"]}, best=20, baselines=BASELINES)
    pixels(figure)
    box = figure.legends[0].get_window_extent()
    assert box.y0 >= figure.axes[0].bbox.y1
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_psnr_is_drawn_in_decibels():
    figure = draw_curves({"train/loss": ([1], [0.5]), "train/psnr": ([1], [12.0])})
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "PSNR (dB)"]


def test_a_single_value_can_be_seen(colour_at):
    figure = draw_curves({"val/loss": ([10], [0.5])})
    assert colour_at(figure.axes[0], 10, 0.5) == pytest.approx([0xD5 / 255, 0x5E / 255, 0], abs=0.1)


def test_a_fit_that_diverged_is_drawn():
    pixels(draw_curves({"train/loss": ([1, 2, 3], [1.0, np.inf, np.nan]), "val/loss": ([1], [np.nan])}, best=1))


def test_nothing_to_draw_gives_an_empty_picture():
    assert pixels(draw_curves({})).shape == (400, 600, 3)


def test_losses_between_epochs_are_a_faint_line_behind():
    steps = list(range(1, 21))
    figure = draw_curves(CURVES | {"train/loss_step": (steps, [1.0] * 20)})
    behind, train = figure.axes[0].lines[:2]
    assert list(behind.get_xdata()) == steps
    assert behind.get_alpha() < 0.5
    assert behind.get_color() == train.get_color()
    assert "train, by step" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_members_are_faint_lines_behind_a_band_of_them_and_the_interval_of_their_mean(legend_texts):
    steps, values = [10, 20, 30], np.random.default_rng(0).uniform(size=(3, 40))
    values[2, 7] = np.nan  # left behind
    members = MemberLines({"val/loss": (steps, values)}, best=[20, 30, 30])
    figure = draw_curves({"val/loss": (steps, np.nanmean(values, axis=1))}, members=members)
    lines, broad, narrow = figure.axes[0].collections
    drawn = [line[:, 1].tolist() for line in lines.get_segments()]
    assert drawn == [own[np.isfinite(own)].tolist() for own in values.T]
    assert lines.get_alpha() < 0.5
    ends = np.nanpercentile(values, [2.5, 97.5], axis=1)
    half = stats.t.ppf(0.975, [39, 39, 38]) * stats.sem(values, axis=1, nan_policy="omit")
    of_mean = np.nanmean(values, axis=1) + np.array([[-1], [1]]) * half
    for band, (low, high) in ((broad, ends), (narrow, of_mean)):
        outline = band.get_paths()[0].vertices
        for step, lower, upper in zip(steps, low, high, strict=True):
            assert {round(y, 9) for x, y in outline if x == step} == {round(lower, 9), round(upper, 9)}
    ticks = figure.axes[0].lines[0]
    assert list(ticks.get_xdata()) == [20, 30, 30]
    names = ["val", "a member", "95 % of the members", "95 % interval of the mean", "a member's best epoch"]
    assert legend_texts(figure.legends[0]) == names
    pixels(figure)
    assert figure.legends[0].get_window_extent().y0 >= figure.axes[0].bbox.y1
