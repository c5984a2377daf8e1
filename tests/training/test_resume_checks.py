"""What is asked of a checkpoint before a run goes on from it."""

import fcntl

import pytest
import torch

from litclf import BinaryClassifier, CirclesDataModule, InputError
from litclf.runs.checkpoint import Checkpoint
from litclf.training.resume import check_same_run
from tests.training.stopping import run


def parts(**arguments):
    model, data = BinaryClassifier(**{"hidden_dims": [4], **arguments}), CirclesDataModule()
    model.attach(data)
    return model, data


@pytest.fixture
def checkpoint(tmp_path):
    model, data = parts()
    content = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "datamodule_hyper_parameters": dict(data.hparams),
    }
    return Checkpoint(tmp_path / "a.ckpt", tmp_path, content)


def test_a_checkpoint_of_the_same_run_passes(checkpoint):
    check_same_run(checkpoint, *parts())


def test_steps_per_execution_may_change(checkpoint):
    model, _ = parts()
    check_same_run(checkpoint, model, CirclesDataModule(steps_per_execution=50))


@pytest.mark.parametrize(
    ("arguments", "setting"), [({"lr": 0.5}, "model.lr: is 0.5"), ({"hidden_dims": [5]}, "model.hidden_dims")]
)
def test_a_setting_that_would_lose_is_refused(checkpoint, arguments, setting):
    with pytest.raises(InputError, match=setting):
        check_same_run(checkpoint, *parts(**arguments))


def test_other_data_is_refused(checkpoint):
    model, _ = parts()
    with pytest.raises(InputError, match=r"data\.noise: is 0\.2, but .* was made with 0\.03"):
        check_same_run(checkpoint, model, CirclesDataModule(noise=0.2))


def test_weights_of_another_shape_are_refused(checkpoint):
    checkpoint.content["state_dict"]["network.0.weight"] = torch.zeros(9, 9)
    with pytest.raises(InputError, match=r"network\.0\.weight is \(9, 9\) there"):
        check_same_run(checkpoint, *parts())


def test_a_second_resume_of_a_live_run_is_refused_and_a_dead_one_locks_nothing(stopped_run, tmp_path):
    folder = stopped_run
    assert not (folder / ".lock").exists()
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("1234")
        held.flush()
        with pytest.raises(InputError, match="is being trained by process 1234; fix: wait for it"):
            run(tmp_path, 7, ckpt_path=folder)
    run(tmp_path, 7, ckpt_path=folder)  # the file is there, its process is gone


@pytest.mark.parametrize("given", ["last", "nowhere", "nowhere.ckpt"])
def test_a_checkpoint_that_does_not_exist_is_never_a_fresh_start(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^ckpt_path: there is no (run|file) "):
        run(tmp_path, 7, ckpt_path=given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value"), [("gradient_clip_val", 0.5), ("precision", "bf16-mixed"), ("limit_train_batches", 8)]
)
def test_a_setting_that_would_change_the_weights_is_refused_by_name(name, value, stopped_once, tmp_path):
    with pytest.raises(InputError, match=rf"^trainer\.{name}: is {value}, but .* was made with "):
        run(tmp_path, 7, ckpt_path=stopped_once, **{name: value})
