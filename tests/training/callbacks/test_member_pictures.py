"""What is drawn and counted of members, against their files, and the gradient of one by hand."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

import litclf
from litclf.models.networks.ensemble import members_of
from litclf.training.callbacks.boundary import DecisionBoundary
from litclf.training.callbacks.gradients import measure


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A fit of circles with three members and pictures."""
    return litclf.fit(
        litclf.BinaryClassifier(hidden_dims=[6], lr=0.5),
        litclf.CirclesDataModule(batch_size=None, repeat=100, steps_per_execution=100),
        **{"members": 3, "marks": {"test/accuracy": 0.6}, "pictures": True, "max_epochs": 2},
        **{"default_root_dir": tmp_path_factory.mktemp("members"), "enable_progress_bar": False},
    )


def test_pictures_of_members_are_those_of_one_network_and_their_histogram(run):
    assert {"boundary.png", "curves.png", "gradients.png", "members.png"} <= {p.name for p in run.folder.iterdir()}
    with Image.open(run.folder / "members.png") as picture:
        assert picture.size == (500, 420)


def test_gradients_are_those_of_the_first_member(run):
    with (run.folder / "metrics.csv").open(newline="") as file:
        (*_, last) = (row for row in csv.DictReader(file) if row.get("gradients/network.0"))
    assert not [name for name in last if "members" in name]
    model = litclf.BinaryClassifier(hidden_dims=[6], input_shape=[2], num_classes=2)
    state = torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    prefix = "network.members.0."
    model.network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    _, norms, _ = measure(model, *litclf.CirclesDataModule().splits["train"])
    assert float(last["gradients/network.0"]) == pytest.approx(norms["network.0"], rel=1e-4)
    assert len(members_of(run.model.network)) == 3  # the ensemble is whole again


def test_the_boundary_has_the_line_of_each_member(run, monkeypatch):
    from litclf.visualization.plots.boundary import BoundaryFilm

    drawn = []
    monkeypatch.setattr(BoundaryFilm, "draw_members", lambda _, each: drawn.extend(each))
    litclf.fit(
        litclf.BinaryClassifier(hidden_dims=[6], lr=0.5),
        litclf.CirclesDataModule(batch_size=None, repeat=100, steps_per_execution=100),
        **{"members": 2, "callbacks": [DecisionBoundary()], "max_epochs": 1, "enable_progress_bar": False},
        default_root_dir=run.folder.parent / "again",
    )
    assert [own.shape for own in drawn] == [(10_000, 2)] * 2
    assert not np.array_equal(*drawn)
