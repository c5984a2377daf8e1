"""What is asked of a checkpoint before a run goes on from it."""

import pytest
import torch

from litclf import BinaryClassifier, CirclesDataModule, InputError
from litclf.runs.checkpoint import Checkpoint
from litclf.training.resume import check_same_run


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
