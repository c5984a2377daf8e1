"""Engine contract: what holds of every engine, ours and a stranger's, which pass by inheriting :class:`EngineContract`.

The oracle is the loop of ``by_hand.py``.
"""

import time
from dataclasses import replace
from itertools import product

import pytest
import torch
from lightning.pytorch import Callback

from litclf import BinaryClassifier, BlobsDataModule, MulticlassClassifier
from litclf.engines.base import Clip, Learner, Loss, Watch
from litclf.engines.execution import Execution, Steps
from litclf.models.networks.mlp import ACTIVATIONS, MLP
from litclf.models.optimizers import SCHEDULES, Recipe
from tests.engines.by_hand import by_hand, loss_by_hand, right_by_hand

SAMPLES, PASSES = 45, 8
SIZES = [16, 16, 13] * PASSES
CENTERS = [[-1.0, 0.0], [1.0, 0.0], [0.0, 1.5], [0.0, -1.5]]
RECIPES = {
    "sgd": {"optimizer": "sgd", "lr": 0.1, "weight_decay": 0.01},
    "momentum": {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9},
    "nesterov": {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.001},
    "adam": {"optimizer": "adam", "lr": 0.003, "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "lr": 0.003, "weight_decay": 0.1},
    "ntk": {"optimizer": "adam", "lr": 0.01, "beta2": 0.95, "bias_lr": 0.1, "parametrization": "ntk"},
}
WAYS = {
    "norm": {"clip": Clip("norm", 0.3)},
    "value": {"clip": Clip("value", 0.02)},
    "weights": {"weights": (0.25, 3.0, 1.0, 0.5)},
    "smoothing": {"smoothing": 0.2},
    "groups": {"groups": True},
    "all": {"clip": Clip("norm", 0.3), "weights": (0.25, 3.0, 1.0, 0.5), "smoothing": 0.1, "groups": True},
}
COVERING = [
    (list(RECIPES)[number % 6], activation, SCHEDULES[number % 5], classes)
    for number, (activation, classes) in enumerate(product(ACTIVATIONS, (2, 4)))
]
"""Each recipe and each activation with both losses, each schedule with two recipes at least."""


def names(case):
    return "-".join(map(str, case)) if isinstance(case, tuple) else None


class EngineContract:
    """A subclass says how its engine is made, and how near to PyTorch's own loop it comes.

    Attributes:
        near: Largest difference of a weight, a loss or a moment after the fit; 0 is to the bit.
        device: Where it runs.
        hidden_dims: Layers of the network that it is tried on.
    """

    near = 0.0
    device = "cpu"
    hidden_dims = (10, 10)

    def make(self):
        """A new engine."""
        raise NotImplementedError

    def learner(
        self,
        recipe="adam",
        activation="relu",
        schedule="none",
        classes=4,
        weights=None,
        smoothing=0.0,
        clip=None,
        groups=False,
    ):
        """A new learner, with the same weights each time; with groups, layers have other rates and biases no decay."""
        torch.manual_seed(3)
        network = MLP([2], self.hidden_dims, 1 if classes == 2 else classes, activation).to(self.device)
        made, loss = Recipe(**RECIPES[recipe], lr_schedule=schedule), Loss(weights and weights[:classes], smoothing)
        optimizer = made.build(network, fused=True)
        if groups:
            each = [(group, one) for group in optimizer.param_groups for one in group["params"]]
            optimizer.param_groups[:] = [
                {
                    **group,
                    "params": [one],
                    "lr": made.lr / (1 + number),
                    **({"weight_decay": 0.0} if number % 2 else {}),
                }
                for number, (group, one) in enumerate(each)
            ]
        moving = made.schedule(optimizer, len(SIZES))

        def step(x, y):
            logits = network(x)
            return loss_by_hand(logits, y, loss), logits

        schedules = [] if moving is None else [moving]
        device = torch.device(self.device)
        return Learner(network, step, right_by_hand, optimizer, schedules, device, loss, clip)

    def execution(self, classes=4, counted_from=0, shares=None):
        """All mini-batches of a fit, the last of each pass a short one."""
        stream = torch.Generator().manual_seed(5)
        x = torch.randn(sum(SIZES), 2, generator=stream)
        y = (x[:, 0] > 0).long() + (2 * (x[:, 1] > 0).long() if classes == 4 else 0)
        ends = torch.tensor(SIZES).cumsum(0).tolist()
        rows = list(zip([0, *ends[:-1]], ends, strict=True))
        return Execution(x.to(self.device), y.to(self.device), Steps(rows, counted_from, shares))

    def fit(self, learner, execution=None, tell=None):
        """What a new engine gives back."""
        return self.make().run(learner, execution or self.execution(), tell)

    def assert_same(self, own, wanted, near=None):
        near = self.near if near is None else near
        for mine, theirs in zip(own.network.parameters(), wanted.network.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, atol=near, rtol=10 * near)
        states, others = (learner.optimizer.state_dict() for learner in (own, wanted))
        for number, state in others["state"].items():
            for name, value in state.items():
                if value is not None:
                    torch.testing.assert_close(states["state"][number][name], value, atol=near, rtol=10 * near)
        for mine, theirs in zip(states["param_groups"], others["param_groups"], strict=True):
            assert mine["lr"] == pytest.approx(theirs["lr"], rel=1e-12)
            assert (mine.get("momentum"), mine.get("betas")) == (theirs.get("momentum"), theirs.get("betas"))

    def check(self, recipe, activation="relu", schedule="none", classes=4, **way):
        execution = self.execution(classes, counted_from=5)
        own, wanted = (self.learner(recipe, activation, schedule, classes, **way) for _ in range(2))
        sums = self.fit(own, execution)
        losses, right = by_hand(wanted, execution)
        self.assert_same(own, wanted)
        got = sums.losses
        assert (got.shape, got.dtype, got.device) == (losses.shape, torch.float32, losses.device)
        torch.testing.assert_close(got, losses, atol=self.near, rtol=10 * self.near)
        assert sums.correct.shape == ()
        assert int(sums.correct) == pytest.approx(sum(right[5:]), abs=1 if self.near else 0)

    @pytest.mark.parametrize("case", COVERING, ids=names)
    def test_steps_are_those_of_the_loop_by_hand(self, case):
        self.check(*case)

    @pytest.mark.slow
    def test_every_combination_is_that_of_the_loop_by_hand(self):
        for case in product(RECIPES, ACTIVATIONS, SCHEDULES, (2, 4)):
            print(*case)  # the last is the one that fails
            self.check(*case)

    @pytest.mark.parametrize("way", WAYS)
    def test_clipping_weights_smoothing_and_groups_are_those_of_the_loop_by_hand(self, way):
        for recipe, schedule, classes in zip(RECIPES, (*SCHEDULES, "none"), (2, 4, 2, 4, 2, 4), strict=True):
            self.check(recipe, "tanh", schedule, classes, **WAYS[way])
        plain, own = self.learner(), self.learner(**WAYS[way])
        assert not torch.allclose(self.fit(plain).losses[-1], self.fit(own).losses[-1], rtol=1e-5)

    @pytest.mark.parametrize("most", [1, 5])
    def test_the_bits_are_the_same_however_the_steps_are_cut(self, most):
        whole, cut = self.learner(schedule="cosine"), self.learner(schedule="cosine")
        execution, engine = self.execution(), self.make()
        losses = self.fit(whole, execution).losses
        parts = [
            engine.run(cut, Execution(*execution[:2], Steps(execution.steps.rows[start : start + most]))).losses
            for start in range(0, len(SIZES), most)
        ]
        self.assert_same(cut, whole, near=0)
        assert torch.equal(torch.cat(parts), losses)

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_who_listens_hears_how_far_it_is_and_changes_no_bit(self, recipe, monkeypatch):
        monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # so that pieces do not depend on the machine
        quiet, heard, told = self.learner(recipe), self.learner(recipe), []
        losses = [self.fit(quiet).losses, self.fit(heard, tell=told.append).losses]
        assert told == [1, 5, 21, 24]
        self.assert_same(heard, quiet, near=0)
        assert torch.equal(*losses)

    @pytest.mark.parametrize("counted_from", [0, 7, len(SIZES)])
    def test_right_answers_are_counted_from_the_step_that_is_named(self, counted_from):
        execution = self.execution(counted_from=counted_from)
        sums, (_, right) = self.fit(self.learner(), execution), by_hand(self.learner(), execution)
        assert int(sums.correct or 0) == pytest.approx(sum(right[counted_from:]), abs=1 if self.near else 0)
        assert len(sums.losses) == len(SIZES)

    def test_steps_may_share_their_rows(self):
        full = self.execution()
        execution = Execution(full.x[:SAMPLES], full.y[:SAMPLES], Steps([(0, SAMPLES)] * 10))
        own, wanted = self.learner(), self.learner()
        losses, _ = by_hand(wanted, execution)
        torch.testing.assert_close(self.fit(own, execution).losses, losses, atol=self.near, rtol=10 * self.near)
        self.assert_same(own, wanted)

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_the_loop_by_hand_and_the_engine_go_on_with_each_others_state(self, recipe):
        execution = self.execution()
        wanted = self.learner(recipe)
        by_hand(wanted, execution)
        by_hand(wanted, execution)
        for first, second in ((self.fit, by_hand), (by_hand, self.fit)):
            begun, going = self.learner(recipe), self.learner(recipe)
            first(begun, execution)
            going.network.load_state_dict(begun.network.state_dict())
            saved = begun.optimizer.state_dict()
            for state in saved["state"].values():  # as a checkpoint lays them out, whatever layout the engine chose
                state.update({name: value.contiguous() for name, value in state.items() if value is not None})
            going.optimizer.load_state_dict(saved)
            second(going, execution)
            self.assert_same(going, wanted)

    def test_a_loss_of_ones_own_is_followed_and_a_task_may_have_no_right_answers(self):
        def owned(learner):
            def step(x, y):
                return learner.step(x, y)[0] * 3, x

            own = "the model computes its loss in a way of its own"
            return replace(learner, step=step, correct=lambda *_: None, loss=own)

        own, wanted, plain = owned(self.learner()), owned(self.learner()), self.learner()
        sums = self.fit(own)
        losses, _ = by_hand(wanted, self.execution())
        torch.testing.assert_close(sums.losses, losses, atol=self.near, rtol=10 * self.near)
        assert not torch.allclose(losses, by_hand(plain, self.execution())[0])
        self.assert_same(own, wanted)
        assert sums.correct is None

    def test_what_watches_sees_every_step_and_borrowed_rows_count_for_nothing(self):
        calls, learner, wanted = [], self.learner("momentum"), self.learner("momentum")

        def backward(loss):
            assert all(parameter.grad is None for parameter in learner.network.parameters())
            calls.append("backward")
            loss.backward()

        def step():
            calls.append("step")
            learner.optimizer.step()

        watch = Watch("somebody looks", lambda: calls.append("before"), backward, step)
        shares = [0.5] * (len(SIZES) - 1) + [0.0]
        sums = self.fit(replace(learner, watch=watch), self.execution(shares=shares))
        assert calls == ["before", "backward", "step"] * len(SIZES)
        losses, right = by_hand(wanted, self.execution(), shares)
        self.assert_same(learner, wanted)
        torch.testing.assert_close(sums.losses, losses, atol=self.near, rtol=10 * self.near)
        assert int(sums.correct) == sum(right[:-1])

    def test_what_is_frozen_on_the_way_stays(self):
        learner, engine = self.learner("sgd"), self.make()
        engine.run(learner, self.execution())
        first, last = learner.network[0].weight, learner.network[-1].weight
        first.requires_grad_(False)
        first.grad = None
        before = first.detach().clone(), last.detach().clone()
        engine.run(learner, self.execution())
        assert torch.equal(first, before[0])
        assert not torch.equal(last, before[1])

    def test_a_loss_that_is_not_finite_stays_visible(self):
        execution = self.execution()
        execution.x[20, 0] = float("nan")  # in the second step
        losses = self.fit(self.learner(), execution).losses
        assert losses.isfinite().tolist() == [True] + [False] * (len(SIZES) - 1)

    @pytest.mark.filterwarnings("ignore:The number of training batches")
    @pytest.mark.parametrize("kind", [BinaryClassifier, MulticlassClassifier])
    def test_it_carries_a_fit_of_lightnings_trainer(self, kind, make_trainer, monkeypatch):
        class Listener(Callback):
            told = ()

            def on_steps(self, trainer, module, steps):
                self.told += (steps,)

        monkeypatch.setattr(time, "monotonic", lambda: 0.0)
        fits = []
        for engine in (None, self.make()):
            torch.manual_seed(0)
            model = kind(hidden_dims=self.hidden_dims, engine="eager", lr_schedule="cosine", **RECIPES["adam"])
            model.own_engine = engine
            labels = [0, 0, 1, 1] if kind is BinaryClassifier else None
            data = BlobsDataModule(num_samples=150, centers=CENTERS, labels=labels, repeat=5, steps_per_execution=7)
            listener = Listener()
            accelerator = "gpu" if self.device == "cuda" else "cpu"
            trainer = make_trainer(max_epochs=2, callbacks=[listener], accelerator=accelerator)
            trainer.fit(model, datamodule=data)
            fits.append((model, trainer, listener.told))
        (eager, wanted, told), (own, trainer, heard) = fits
        assert trainer.global_step == wanted.global_step == 2 * 20
        assert heard == told
        assert own.engine_choice == type(own.engine).__name__
        for mine, theirs in zip(own.parameters(), eager.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, atol=self.near, rtol=10 * self.near)
        for name in ("train/loss", "val/loss", "train/accuracy", "val/accuracy"):
            mine, theirs = trainer.callback_metrics[name], wanted.callback_metrics[name]
            torch.testing.assert_close(mine, theirs, atol=max(self.near, 1e-6), rtol=0)
