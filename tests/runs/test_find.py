from pathlib import Path

import pytest
import torch

from litclf import BinaryClassifier, CirclesDataModule, InputError
from litclf.runs.find import read_checkpoint, run_folder
from litclf.training.resume import check_checkpoint


def parts(**arguments):
    model, data = BinaryClassifier(**{"hidden_dims": [4], **arguments}), CirclesDataModule()
    model.attach(data)
    return model, data


@pytest.fixture
def path(tmp_path):
    model, data = parts()
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "datamodule_hyper_parameters": dict(data.hparams),
    }
    torch.save(checkpoint, tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


def test_the_run_folder_is_where_the_config_lies(tmp_path):
    run = tmp_path / "version_3"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.yaml").write_text("")
    assert run_folder(run / "checkpoints" / "best.ckpt") == run
    assert run_folder(tmp_path / "moved.ckpt") == tmp_path


def test_the_run_folder_is_found_from_inside(tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "checkpoints")
    assert run_folder(Path("best.ckpt")).resolve() == tmp_path.resolve()


def test_a_checkpoint_of_the_same_run_passes(path):
    check_checkpoint(path, *parts())
    assert set(read_checkpoint(path)) == {"state_dict", "hyper_parameters", "datamodule_hyper_parameters"}


def test_steps_per_execution_may_change(path):
    model, _ = parts()
    check_checkpoint(path, model, CirclesDataModule(steps_per_execution=50))


@pytest.mark.parametrize(
    ("arguments", "setting"), [({"lr": 0.5}, "model.lr: is 0.5"), ({"hidden_dims": [5]}, "model.hidden_dims")]
)
def test_a_setting_that_would_lose_is_refused(path, arguments, setting):
    with pytest.raises(InputError, match=setting):
        check_checkpoint(path, *parts(**arguments))


def test_other_data_is_refused(path):
    model, _ = parts()
    with pytest.raises(InputError, match=r"data\.noise: is 0\.2, but .* was made with 0\.03"):
        check_checkpoint(path, model, CirclesDataModule(noise=0.2))


def test_weights_of_another_shape_are_refused(path):
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["state_dict"]["network.0.weight"] = torch.zeros(9, 9)
    torch.save(checkpoint, path)
    with pytest.raises(InputError, match=r"network\.0\.weight is \(9, 9\) there"):
        check_checkpoint(path, *parts())


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(InputError, match="cannot read"):
        read_checkpoint(tmp_path / "x.ckpt")


def test_a_state_dict_is_no_checkpoint_of_a_run(tmp_path):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "w.pt")
    with pytest.raises(InputError, match="is not a checkpoint of a run"):
        read_checkpoint(tmp_path / "w.pt")
