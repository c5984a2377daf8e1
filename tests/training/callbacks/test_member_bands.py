"""Bands of members while a fit goes on: in lines, under a bar and in TensorBoard, against ``member_curves.csv``."""

import csv
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

import litclf
from litclf.models.seeds import Seeds
from litclf.training.callbacks.member_bands import bands_of
from litclf.training.callbacks.progress import BarProgress

BAND = re.compile(r"(\w+/\w+) \d\.\d+ \((\d\.\d{4}) to (\d\.\d{4})\)")


def members_fit(folder, callbacks=(), **settings):
    return litclf.fit(
        litclf.BinaryClassifier(hidden_dims=[6], lr=0.5),
        litclf.CirclesDataModule(batch_size=None, repeat=50, steps_per_execution=50, **settings),
        **{"members": 5, "max_epochs": 3, "default_root_dir": folder, "callbacks": list(callbacks)},
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A fit of five members, with the lines that it printed."""
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()) as out:
        result = members_fit(tmp_path_factory.mktemp("bands"))
    return SimpleNamespace(folder=result.folder, lines=out.getvalue().splitlines())


def middles_of(folder, key):
    """The middle 95 % of the members at each step, by what ``member_curves.csv`` holds of them."""
    with (folder / "member_curves.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[key]]
    found = {}
    for row in rows:
        found.setdefault(int(row["step"]), []).append(float(row[key]))
    return {step: np.quantile(own, [0.025, 0.975]) for step, own in found.items()}


def test_lines_of_a_fit_tell_the_band_of_what_is_validated(run):
    epochs = [BAND.findall(line) for line in run.lines if line.startswith("epoch ")]
    for place, key in enumerate(("val/loss", "val/accuracy")):
        expected = middles_of(run.folder, key)
        assert [own[place][0] for own in epochs] == [key] * 3
        ends = [[float(end) for end in own[place][1:]] for own in epochs]
        np.testing.assert_allclose(ends, list(expected.values()), atol=6e-5)


def test_without_validation_they_tell_that_of_the_training(tmp_path, capsys):
    folder = members_fit(tmp_path, holdout=0).folder
    *_, last = [BAND.findall(line) for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    assert [key for key, *_ in last] == ["train/loss", "train/accuracy"]
    for key, *ends in last:
        np.testing.assert_allclose([float(end) for end in ends], middles_of(folder, key)[149], atol=6e-5)


def test_tensorboard_has_the_band_beside_each_mean_and_a_chart_of_both(run):
    events = EventAccumulator(str(run.folder)).Reload()
    for key in ("train/loss", "train/accuracy", "val/loss", "val/accuracy"):
        expected = middles_of(run.folder, key)
        for place, end in enumerate(("low", "high")):
            shown = {event.step: event.value for event in events.Scalars(f"band/{key}/{end}")}
            assert list(shown) == [event.step for event in events.Scalars(key)] == list(expected)
            np.testing.assert_allclose(list(shown.values()), [own[place] for own in expected.values()], rtol=1e-5)
    (tensor,) = events.Tensors("custom_scalars__config__")
    layout = Layout.FromString(tensor.tensor_proto.string_val[0])
    charts = [series for chart in layout.category[1].chart for series in chart.margin.series]
    told = [(own.value, own.lower, own.upper) for own in charts]
    assert told == [(key, f"band/{key}/low", f"band/{key}/high") for key in ("train/accuracy", "val/accuracy")]


@pytest.mark.parametrize(("settings", "shown"), [({}, "val accuracy"), ({"holdout": 0}, "accuracy")])
def test_the_bar_tells_the_band_of_the_accuracy(settings, shown, drawn, tmp_path):
    folder = members_fit(tmp_path, [BarProgress()], **settings).folder
    key = shown.replace("val ", "val/") if settings == {} else "train/accuracy"
    low, high = middles_of(folder, key)[149]
    assert drawn[-1].text.endswith(f"({low:.4f} to {high:.4f})")
    assert f", {shown} " in drawn[-1].text


def test_one_network_has_no_band_nor_have_members_that_were_not_measured_yet():
    assert bands_of(torch.nn.Linear(1, 1), "train") == {}
    model = litclf.BinaryClassifier(input_shape=[2], num_classes=2)
    assert bands_of(model, "val") == {}
    model.begin(Seeds(3, 42, "both"))
    assert bands_of(model, "val") == bands_of(model, "train") == {}
    model.members.note({"val/loss": torch.tensor([0.0, 1.0, torch.nan])})
    assert bands_of(model, "val") == {"val/loss": (pytest.approx(0.025), pytest.approx(0.975))}
