"""Fits with members, against fits of one network with the seed of each: the same bits, also where they are resumed."""

import csv
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from litclf import BlobsDataModule, InputError, MulticlassClassifier, fit, load
from litclf.models import member_scores
from litclf.runs.checkpoint import Checkpoint
from litclf.training.members import reached, spread
from litclf.utilities.errors import RunError
from tests.training.stopping import StopAt

CONFIGURATIONS = st.fixed_dictionaries(
    {
        "hidden_dims": st.lists(st.integers(1, 9), max_size=3),
        "activation": st.sampled_from(["relu", "leaky_relu", "tanh", "sigmoid"]),
        "optimizer": st.sampled_from(["sgd", "adam", "adamw"]),
        "lr_schedule": st.sampled_from(["none", "cosine", "onecycle", "step"]),
        "engine": st.sampled_from(["auto", "eager"]),
        "batch_size": st.sampled_from([None, 7, 16, 100]),
        "steps_per_execution": st.sampled_from([2, 5, 100]),
        "members": st.integers(2, 4),
        "members_from": st.sampled_from([0, 42, 7]),
        "vary": st.sampled_from(["both", "weights", "order"]),
    }
)
MODEL = ("hidden_dims", "activation", "optimizer", "lr_schedule", "engine")
DATA = ("batch_size", "steps_per_execution")
USUAL = {
    **{"hidden_dims": [6], "activation": "relu", "optimizer": "adam", "lr_schedule": "cosine", "engine": "auto"},
    **{"batch_size": 16, "steps_per_execution": 5, "members": 3, "members_from": 42, "vary": "both"},
}


def run(root, given, single=None, **more):
    """A fit with the members of a configuration, or of the one network that a member is."""
    model = MulticlassClassifier(lr=0.05, **{name: given[name] for name in MODEL})
    # Ordinary batches are added up in another order than those of an execution of one step.
    steps = max(2, given["steps_per_execution"]) if single is not None else given["steps_per_execution"]
    data = BlobsDataModule(
        num_samples=120, repeat=2, **{name: given[name] for name in DATA} | {"steps_per_execution": steps}
    )
    members = {} if single is not None else {name: given[name] for name in ("members", "members_from", "vary")}
    more |= {"seed": single} if single is not None else {}
    own = {"max_epochs": 3, "default_root_dir": root, "enable_progress_bar": False, "name": "own"}
    return fit(model, data, **own, **members, **more)


def weights_of(folder, name, prefix):
    """The weights below ``prefix`` in a checkpoint of a run."""
    state = Checkpoint.read(folder / "checkpoints" / f"{name}.ckpt").weights
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def rows_of(folder):
    with (folder / "members.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def curves_of(path, **only):
    """The values of a run's loss and accuracy by step, of the rows that have them and the values of ``only``."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row[name] == value for name, value in only.items())]
    keys = ("train/loss", "train/accuracy", "val/loss", "val/accuracy")
    return {key: {int(row["step"]): float(row[key]) for row in rows if row[key]} for key in keys}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def check_each_is_a_single_fit(folder, given, root):
    rows = rows_of(folder)
    assert [int(row["seed"]) for row in rows] == list(range(given["members_from"], given["members_from"] + len(rows)))
    for number, row in enumerate(rows):
        if given["vary"] != "both" and number:
            continue  # no single fit has the weights of one seed and the order of another
        single = run(root / f"single-{number}", given, single=int(row["seed"]))
        for name in ("last", "best"):
            own = weights_of(folder, name, f"network.members.{number}.")
            assert equal(own, weights_of(single.folder, name, "network."))
        curves, alone = (
            curves_of(folder / "member_curves.csv", seed=row["seed"]),
            curves_of(single.folder / "metrics.csv"),
        )
        assert [list(curve) for curve in curves.values()] == [list(curve) for curve in alone.values()]
        for key, curve in curves.items():
            assert list(curve.values()) == pytest.approx(list(alone[key].values()), rel=1e-5, abs=1e-6)
        for key in ("test/accuracy", "test/loss", "test/auroc"):
            assert float(row[key]) == pytest.approx(single.metrics[key], abs=1e-6)
        assert int(row["best_step"]) == Checkpoint.read(single.folder / "checkpoints" / "best.ckpt").step


def check_resumed(whole, given, root, hook, steps):
    """A fit that is stopped and resumed leaves what the whole one left."""
    with pytest.raises(KeyboardInterrupt):
        run(root, given, callbacks=[StopAt(hook, steps)], save_every=0)
    again = run(root, given, ckpt_path="last")
    for name in ("last", "best"):
        assert equal(weights_of(again.folder, name, ""), weights_of(whole.folder, name, ""))
    for name in ("members.csv", "member_curves.csv", "metrics.csv"):
        assert (again.folder / name).read_text() == (whole.folder / name).read_text()
    assert again.metrics["members"]["metrics"] == whole.metrics["members"]["metrics"]


@pytest.mark.slow  # 20 configurations of up to ten fits each
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(CONFIGURATIONS, st.integers(1, 40))
def test_every_member_is_the_fit_of_its_seed_and_goes_on_to_the_same_bits(tmp_path_factory, given, steps):
    root = tmp_path_factory.mktemp("members")
    whole = run(root / "whole", given)
    check_each_is_a_single_fit(whole.folder, given, root)
    total = whole.metrics["global_step"]
    check_resumed(whole, given, root / "stopped", "on_train_batch_end", 1 + steps % total if total > 2 else 1)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """A fit with three members; only to be read."""
    return run(tmp_path_factory.mktemp("usual"), USUAL, marks={"test/accuracy": 0.9})


def test_each_member_is_the_fit_of_its_seed(usual, tmp_path):
    check_each_is_a_single_fit(usual.folder, USUAL, tmp_path)


def test_members_that_are_validated_on_several_threads_are_measured_as_on_one(usual, tmp_path, monkeypatch):
    told, side_by_side = [], member_scores.side_by_side
    monkeypatch.setattr(member_scores, "side_by_side", lambda *args: told.append(args[2]) or side_by_side(*args))
    monkeypatch.setattr(member_scores, "_MUCH", 0)
    found = run(tmp_path, USUAL).model.members
    assert set(told) == {None}  # as many as there are processors
    for key, values in usual.model.members.values.items():
        assert torch.equal(found.values[key], values)


def test_a_fit_with_members_goes_on_to_the_same_bits(usual, tmp_path):
    check_resumed(usual, USUAL, tmp_path, "on_train_batch_end", 20)


def test_a_best_that_was_not_written_before_the_stop_is_written_after_it(usual, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, USUAL, callbacks=[StopAt("on_train_batch_end", 26)], save_every=1000)
    stale = Checkpoint.read(tmp_path / "lightning_logs" / "own" / "version_0" / "checkpoints" / "best.ckpt").step
    again = run(tmp_path, USUAL, ckpt_path="last", save_every=1000)
    assert stale < Checkpoint.read(again.folder / "checkpoints" / "best.ckpt").step
    assert equal(weights_of(again.folder, "best", ""), weights_of(usual.folder, "best", ""))


def test_members_of_the_eager_engine_go_on_with_random_numbers_of_their_own(tmp_path):
    given = USUAL | {"engine": "eager"}
    check_resumed(run(tmp_path / "whole", given), given, tmp_path / "stopped", "on_train_batch_end", 20)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_bit(usual, threads, tmp_path):
    other = run(tmp_path, USUAL, threads=threads)
    assert equal(weights_of(other.folder, "last", ""), weights_of(usual.folder, "last", ""))


def test_metrics_are_means_with_intervals_over_the_members(usual):
    rows = rows_of(usual.folder)
    written = json.loads((usual.folder / "metrics.json").read_text())
    own = [float(row["test/accuracy"]) for row in rows]
    told = written["members"]["metrics"]["test/accuracy"]
    assert told["mean"] == pytest.approx(np.mean(own)) == pytest.approx(written["test/accuracy"], abs=1e-6)
    assert told["std"] == pytest.approx(np.std(own, ddof=1))
    assert (told["least"], told["most"]) == (min(own), max(own))
    if told["std"]:
        low, high = stats.t.interval(0.95, 2, np.mean(own), stats.sem(own))
        assert (told["low"], told["high"]) == pytest.approx((max(low, 0), min(high, 1)))
    mark = written["members"]["marks"]["test/accuracy"]
    assert (mark["reached"], mark["of"]) == (sum(value >= 0.9 for value in own), 3)


def test_what_the_run_says_is_the_mean_of_the_members_probabilities(usual):
    rows = np.random.default_rng(0).normal(size=(9, 2)) * 5
    each = [load(usual.folder, calibrated=False, member=number).probabilities(rows) for number in range(3)]
    assert load(usual.folder, calibrated=False).probabilities(rows) == pytest.approx(np.mean(each, axis=0), abs=1e-6)
    with pytest.raises(InputError, match=r"member: must be a whole number in \[0, 3\), got 3"):
        load(usual.folder, member=3)


def test_a_member_that_diverges_is_left_behind_and_the_fit_goes_on(tmp_path, capsys, monkeypatch):
    from litclf.engines.kernel.engine import KernelEngine

    proper, runs = KernelEngine.run, []

    def one_diverges(self, learner, execution, tell=None):
        sums = proper(self, learner, execution, tell)
        runs.append(learner.network)
        if len(runs) > 8 and learner.network is runs[1]:
            return sums._replace(losses=torch.full_like(sums.losses, math.nan))
        return sums

    monkeypatch.setattr(KernelEngine, "run", one_diverges)
    result = run(tmp_path, USUAL, threads=1)
    assert result.metrics["members"]["diverged"] == [43]
    assert "the member of seed 43 has diverged" in capsys.readouterr().err
    assert result.metrics["members"]["metrics"]["test/accuracy"]["count"] == 2
    rows = rows_of(result.folder)
    assert rows[1]["diverged_at"]
    assert not rows[1]["test/accuracy"]
    points = np.zeros((1, 2))
    each = [load(result.folder, calibrated=False, member=number).probabilities(points) for number in (0, 2)]
    assert load(result.folder, calibrated=False).probabilities(points) == pytest.approx(np.mean(each, axis=0), abs=1e-6)


def test_a_fit_ends_where_all_members_diverge(tmp_path):
    model = MulticlassClassifier(hidden_dims=[4], lr=1e30)
    data = BlobsDataModule(num_samples=120, batch_size=16)
    with pytest.raises(RunError, match=r"train/loss: is nan at step"):
        fit(model, data, members=2, default_root_dir=tmp_path, enable_progress_bar=False)


def test_the_draws_of_dropout_are_those_of_a_fit_of_one(tmp_path, monkeypatch):
    from litclf.models import classifier

    def with_dropout(*_):
        return torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 4))

    monkeypatch.setattr(classifier, "build_network", with_dropout)
    whole = run(tmp_path, USUAL | {"members": 2})
    check_each_is_a_single_fit(whole.folder, USUAL, tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": 0}, r"members: must be a whole number in \[1, 10001\), got 0"),
        ({"members_from": -1}, r"members_from: must be a whole number in \[0, \d+\), got -1"),
        ({"vary": "seeds"}, r"vary: must be one of both, weights, order, got 'seeds'"),
        ({"marks": {"val/acuracy": 0.9}}, r"mark: .*val/acuracy.*val/accuracy"),
        ({"members": 1, "marks": {"val/accuracy": 0.9}}, r"mark: .*pass --members"),
        ({"accumulate_grad_batches": 2}, r"members: train by executions .*accumulate_grad_batches"),
    ],
)
def test_what_members_cannot_be_is_refused_before_anything_is_written(settings, message, tmp_path):
    with pytest.raises(InputError, match=message):
        fit(
            MulticlassClassifier(hidden_dims=[4]),
            BlobsDataModule(num_samples=60),
            **{"members": 4, "default_root_dir": tmp_path, "enable_progress_bar": False, **settings},
        )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_network_that_was_passed_is_drawn_once_and_has_no_members(tmp_path):
    model = MulticlassClassifier(network=torch.nn.Linear(2, 4))
    with pytest.raises(InputError, match=r"members: .*drawn once.*pass its name"):
        fit(model, BlobsDataModule(num_samples=60), members=4, default_root_dir=tmp_path)


def test_other_members_than_the_checkpoints_are_refused(usual, tmp_path):
    with pytest.raises(InputError, match=r"members: are 4 from seed 42 .*made with 3 from seed 42"):
        run(tmp_path, USUAL | {"members": 4}, ckpt_path=usual.folder)
    with pytest.raises(InputError, match=r"members: are 1, but .* made with 3 from seed 42"):
        run(tmp_path, USUAL, single=42, ckpt_path=usual.folder)


def test_shares_and_spreads_are_those_of_scipy():
    values = np.array([0.9, 0.95, 0.97, 1.0, 1.0])
    told = spread(values)
    assert told["interval"] == "student"
    assert (told["low"], told["high"]) == pytest.approx(stats.t.interval(0.95, 4, values.mean(), stats.sem(values)))
    skewed = np.array([1.0] * 30 + [0.1, 0.2])
    assert spread(skewed)["interval"] == "bootstrap"
    assert spread(np.array([0.5]))["interval"] == "none"
    own = reached(np.array([0.2, 0.05, math.nan, 0.01]), "val/loss", 0.1)
    expected = stats.binomtest(2, 4).proportion_ci(method="wilson")
    assert (own["reached"], own["low"], own["high"]) == (2, pytest.approx(expected.low), pytest.approx(expected.high))
