"""What a fit counts of its members' dead units, against their weights by hand."""

import json

import numpy as np
import pytest
import torch

import litclf
from litclf.training.callbacks import dead_units


@pytest.mark.parametrize(("most", "each"), [(10_000, 1), (100, 8)])
def test_the_facts_count_the_dead_units_of_each_member_also_without_pictures(tmp_path, monkeypatch, most, each):
    monkeypatch.setattr(dead_units, "_MOST", most)
    data = litclf.CirclesDataModule(batch_size=None, repeat=100, steps_per_execution=100)
    folder = litclf.fit(
        litclf.BinaryClassifier(hidden_dims=[6], lr=0.5),
        data,
        **{"members": 3, "max_epochs": 1, "default_root_dir": tmp_path, "enable_progress_bar": False},
    ).folder
    written = json.loads((folder / "metrics.json").read_text())["facts"]["dead_units"]
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    x, y = (own[::each] for own in data.splits["train"])
    for number, (layer,) in enumerate(written):
        weight, bias = (last[f"network.members.{number}.0.{name}"] for name in ("weight", "bias"))
        inputs = x @ weight.T + bias
        silent = np.bincount(y[(inputs <= 0).all(1)], minlength=2)
        counts = {"silent": each * int(silent.sum()), "lost": each * int(silent.min())}
        assert layer == {"units": 6, "dead": int((inputs.amax(0) <= 0).sum())} | counts
    assert written[0][0]["dead"] != 6
