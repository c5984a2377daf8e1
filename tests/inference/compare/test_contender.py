import shutil

import pytest
import torch

from litclf import InputError
from litclf.inference.compare.contender import contenders, differing_settings


def test_settings_that_differ_are_all_that_was_set_differently(contend):
    assert differing_settings(contend("relu", "linear")) == {"model.hidden_dims": [[10], []]}
    assert differing_settings(contend("linear", "noisy")) == {"data.noise": [0.03, 0.1]}
    assert differing_settings(contend("linear")) == {}


def test_a_setting_that_one_class_does_not_have_is_empty(contend):
    differing = differing_settings(contend("relu", "image"))
    assert differing["model"] == ["BinaryClassifier", "ImageRestoration"]
    assert differing["model.rounds"] == ["", 5]
    assert "trainer.max_epochs" not in differing
    assert "trainer.default_root_dir" not in differing


def test_defaults_of_the_trainer_are_no_difference(folders, tmp_path):
    """The command line writes every setting into the config, a script only those it gave."""
    copy = shutil.copytree(folders["relu"], tmp_path / "version_5")
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("trainer:\n", "trainer:\n  precision: null\n  max_steps: 7\n"))
    assert differing_settings(contenders([folders["relu"], copy])) == {"trainer.max_steps": [-1, 7]}


def test_metrics_come_by_stage_and_steps_last(contend):
    (relu,) = contend("relu")
    keys = list(relu.metrics)
    stages = [key.split("/")[0] for key in keys if "/" in key]
    assert stages == sorted(stages, key=["train", "val", "test"].index)
    assert keys[-2:] == ["steps", "seconds"]
    assert relu.metrics["steps"] == 400


def test_the_test_is_that_of_the_run(contend):
    (relu,) = contend("relu")
    assert len(relu.test.right) == 50
    assert relu.test.right.mean() == pytest.approx(relu.run.metrics["test/accuracy"], abs=1e-6)


def test_the_interval_is_wilsons(contend):
    (linear,) = contend("linear")
    n, p, z = 50, linear.test.right.mean(), 1.959963984540054
    middle, reach = p + z**2 / (2 * n), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    expected = [(middle - reach) / (1 + z**2 / n), (middle + reach) / (1 + z**2 / n)]
    assert linear.test.interval == pytest.approx(expected)


def test_metrics_of_another_checkpoint_are_not_taken_for_its_own(folders):
    (last,) = contenders([folders["relu"] / "checkpoints" / "last.ckpt"])
    assert not [key for key in last.metrics if key.startswith("test/")]
    assert last.test is not None


def test_samples_are_the_same_only_where_inputs_and_targets_are(contend):
    first, second = (contender.test for contender in contend("relu", "linear"))
    assert first.same_samples(second)
    for name in ("x", "y"):
        (changed,) = contend("linear")
        getattr(changed.test, name)[0] += 1
        assert not first.same_samples(changed.test)
    (shorter,) = contend("linear")
    object.__setattr__(shorter.test, "y", torch.zeros(3))
    assert not first.same_samples(shorter.test)


def test_runs_of_one_name_are_told_apart_by_their_checkpoints(folders, tmp_path):
    copy = shutil.copytree(folders["relu"], tmp_path / "relu" / "version_0")
    names = [contender.name for contender in contenders([folders["relu"], copy])]
    assert names == [str(folder / "checkpoints" / "best.ckpt") for folder in (folders["relu"], copy)]


def test_a_run_given_twice_is_refused(folders):
    with pytest.raises(InputError, match=r"is given twice"):
        contenders([folders["relu"], folders["relu"].parent])
