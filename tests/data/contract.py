"""DataModule contract: what holds of every DataModule in memory, ours and a stranger's, which pass by inheriting it."""

import json
from typing import ClassVar

import pytest
import torch
from lightning.pytorch import seed_everything

from litclf.data.base import ClassificationDataModule
from litclf.engines.execution import Execution
from litclf.runs.checkpoint_file import save
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError

SPLITS = ("train", "val", "test")


class DataModuleContract:
    """Inherit it, set ``kind``, and say in ``settings`` how to make one of some dozens of samples.

    Attributes:
        kind: The class under test.
        walk: Arguments that say how training samples are walked.
    """

    kind: type
    walk: ClassVar = {"repeat": 2}

    @pytest.fixture
    def settings(self):
        """Arguments beside those of the walk."""
        return {}

    @pytest.fixture
    def make(self, settings):
        """Makes one with some arguments given."""
        return lambda **given: self.kind(**settings | self.walk | given)

    def test_splits_are_the_same_each_time_whatever_the_stage_and_the_seed_of_the_run(self, make):
        first, second = make(), make()
        first.setup("test")
        seed_everything(7, verbose=False)
        second.setup("fit")
        kept = first.splits["train"]
        for stage in ("validate", "fit", None):
            first.setup(stage)
        assert first.splits["train"] is kept
        for name in SPLITS:
            assert same(first.splits[name], second.splits[name])

    def test_inputs_are_of_the_shape_that_is_told_and_targets_are_classes(self, make):
        data = make()
        for name, (_, y) in data.splits.items():
            if not len(y):
                continue
            x = data.prepare(stored(data, name))
            assert (x.dtype, x.shape) == (torch.float32, (len(y), *data.input_shape))
            assert torch.isfinite(x).all()
            if isinstance(data, ClassificationDataModule):
                assert (y.dtype, y.shape) == (torch.int64, (len(y),))
                assert set(y.tolist()) <= set(range(data.num_classes))
        assert DataSpec.of(data).num_samples == {name: len(data.splits[name].y) for name in SPLITS}

    def test_a_pass_walks_each_training_sample_once(self, make):
        data = make()
        expected = sorted(data.prepare(stored(data, "train")).flatten(1).tolist())
        for walked in passes_of(data):
            assert sorted(walked.flatten(1).tolist()) == expected

    def test_executions_hold_the_very_batches(self, make):
        batches, walked = (list(make(steps_per_execution=most).train_dataloader()) for most in (1, 3))
        assert not any(isinstance(batch, Execution) for batch in batches)
        held = [pair for item in walked for pair in (item.batches() if isinstance(item, Execution) else [item])]
        assert all(same(*pair) for pair in zip(batches, held, strict=True))

    def test_what_is_held_out_comes_in_order_to_the_last_sample(self, make):
        data = make()
        for name, loader in {"val": data.val_dataloader(), "test": data.test_dataloader()}.items():
            if not len(data.splits[name].y):
                assert loader == []
                continue
            x, y = (torch.cat(part) for part in zip(*loader, strict=True))
            assert same((x, y), (data.prepare(stored(data, name)), data.splits[name].y))
        predicted = "test" if len(data.splits["test"].y) else "train"
        assert sum(len(y) for _, y in data.predict_dataloader()) == len(data.splits[predicted].y)

    def test_hyperparameters_are_plain_and_rebuild_the_data(self, make):
        data = make()
        hparams = dict(data.hparams)
        assert json.loads(json.dumps(hparams)) == hparams
        assert same(self.kind(**hparams).splits["train"], data.splits["train"])

    def test_a_checkpoint_rebuilds_the_data(self, make, tmp_path):
        data = make()
        saved = {"datamodule_hyper_parameters": dict(data.hparams), "pytorch-lightning_version": "2.6.0"}
        save(saved, tmp_path / "a.ckpt")
        again = self.kind.load_from_checkpoint(tmp_path / "a.ckpt", repeat=5)
        assert dict(again.hparams) == dict(data.hparams) | {"repeat": 5}
        assert same(again.splits["train"], data.splits["train"])

    @pytest.mark.parametrize("name", ["repeat", "steps_per_execution"])
    def test_a_walk_that_cannot_be_is_refused(self, make, name):
        with pytest.raises(InputError, match=f"^{name}: must be positive, got 0; fix: "):
            make(**{name: 0})


class BatchedContract(DataModuleContract):
    """Of data with mini-batches: what is drawn and the order of samples follow seeds."""

    walk: ClassVar = {"repeat": 2, "batch_size": 8, "seed": 1}

    def test_the_seed_of_the_data_decides_what_is_in_a_split(self, make):
        first, other = (make(seed=seed).stored("train", torch.arange(8)) for seed in (1, 2))
        assert not torch.equal(first, other)

    def test_the_order_is_a_function_of_seed_and_pass(self, make):
        first, second = passes_of(make(), 3)
        assert same(passes_of(make(), 3), (first, second))
        assert not torch.equal(first, second)
        assert not torch.equal(first, passes_of(make(), 4)[0])

    def test_the_order_follows_the_run_then_the_process_then_the_data(self, make):
        own = passes_of(make())
        assert same(own, passes_of(make(), make().seed))
        seed_everything(5, verbose=False)
        assert same(passes_of(make()), passes_of(make(), 5))
        assert same(passes_of(make(), make().seed), own)

    def test_a_resumed_fit_goes_on_with_the_very_next_batch(self, make):
        whole, data = list(seeded(make(), 3).train_dataloader()), seeded(make(), 3)
        batches = iter(data.train_dataloader())
        next(batches)
        state = json.loads(json.dumps(data.state_dict()))
        assert state == {"order_seed": 3, "epoch": 0, "steps": 1}
        resumed = seeded(make(), 9)
        resumed.load_state_dict(state)
        rest = list(resumed.train_dataloader())
        assert all(same(*pair) for pair in zip(rest, whole[1:], strict=True))

    def test_a_second_fit_begins_anew_with_its_own_seed(self, make):
        data = seeded(make(), 3)
        data.setup("fit")
        before = passes_of(data, 3)
        data.run_seed = 4
        data.setup("fit")
        after = passes_of(data, 4)
        assert same(after, passes_of(make(), 4))
        assert not same(after, before)

    @pytest.mark.parametrize(("name", "value"), [("batch_size", 0), ("batch_size", -1), ("seed", -1)])
    def test_a_batch_or_seed_that_cannot_be_is_refused(self, make, name, value):
        with pytest.raises(InputError, match=f"^{name}: must be .*, got {value}; fix: "):
            make(**{name: value})


def same(first, second):
    """Whether two sequences hold equal tensors."""
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def seeded(data, seed):
    """The data, in a run of that seed."""
    data.run_seed = seed
    return data


def stored(data, split):
    """All inputs of a split, as they are stored."""
    return data.stored(split, torch.arange(len(data.splits[split].y)))


def passes_of(data, seed=None):
    """The inputs of each pass of the first epoch, in a run of that seed."""
    x = torch.cat([batch[0] for batch in seeded(data, seed).train_dataloader()])
    assert len(x) == data.repeat * data.num_train_samples
    return x.chunk(data.repeat)
