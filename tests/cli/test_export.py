"""The command that exports: what it prints, what it refuses, and that it takes the runs of all presets."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from litclf import InputError, load
from litclf.cli.export import main
from litclf.cli.main import main as litclf
from litclf.cli.presets import presets
from litclf.inference.export.export import export
from litclf.inference.rebuild import rebuild_data
from litclf.runs.checkpoint import Checkpoint

pytest.importorskip("onnxruntime")
MNIST = Path(__file__).parents[3] / "shared" / "data"


def printed_lines(capsys):
    """The lines of code that the command prints."""
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    return printed[printed.index("load it by") + 1 :]


@pytest.mark.parametrize(("run", "lines"), [("circles_run", 2), ("members_run", 4)])
def test_the_lines_that_are_printed_load_the_model(run, lines, request, tmp_path, capsys):
    model = load(request.getfixturevalue(run).folder)
    args = ["--ckpt_path", str(model.path), "--format", "state_dict", "--output", str(tmp_path / "model.pt")]
    assert main(args) == 0
    made = {}
    printed = printed_lines(capsys)
    assert len(printed) == lines
    exec("\n".join(["import torch, litclf", *printed]), made)
    rows = torch.randn(5, 2)
    torch.testing.assert_close(made["model"](rows).flatten().detach(), model.logits(rows))


@pytest.mark.slow
def test_merged_blobs_from_the_fit_to_a_new_model_in_a_fresh_process(tmp_path, capsys):
    quiet = ["--trainer.enable_progress_bar", "false", "--trainer.default_root_dir", str(tmp_path)]
    assert litclf(["fit", "-c", "merged-blobs", *quiet]) == 0
    capsys.readouterr()
    folder = tmp_path / "lightning_logs" / "merged-blobs"
    assert main(["--ckpt_path", str(folder), "--format", "state_dict"]) == 0
    code = [
        "import torch, litclf",
        *printed_lines(capsys),
        "print(model(torch.tensor([[-1.0, 1.0]])).sigmoid().item())",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    answer = load(folder).predict([[-1, 1]])
    assert answer.classes == ["class 1"], "the cluster around (-1, 1) has this label"
    assert float(done.stdout) == pytest.approx(answer.probabilities[0, 1], rel=1e-5)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--format", "onx"], "invalid choice: 'onx'"),
        ([], "arguments are required: --format"),
        (["--format", "torch", "--output", "none/model.pt2"], "there is no folder none"),
        (["--format", "torch", "--data.sample", "3"], "has no argument sample"),
    ],
)
def test_wrong_arguments_are_refused(circles_run, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        main(["--ckpt_path", str(circles_run.folder), *args])
    assert not list(tmp_path.iterdir())


ON_OWN_DATA, NO_CLASSIFIER = {"images", "table"}, {"restoration"}


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(presets().keys() - ON_OWN_DATA - NO_CLASSIFIER))
def test_every_preset_has_the_same_answers_by_onnx(preset, tmp_path):
    if preset.startswith("mnist") and not MNIST.is_dir():
        pytest.skip("needs the files of MNIST")
    data = ["--data.data_dir", str(MNIST), "--data.val_size", "58000"] if preset.startswith("mnist") else []
    length = ["--trainer.max_epochs", "1" if data else "2"]
    quiet = ["--trainer.enable_progress_bar", "false", "--trainer.default_root_dir", str(tmp_path)]
    assert litclf(["fit", "-c", preset, *data, *length, *quiet]) == 0
    folder = tmp_path / "lightning_logs" / preset
    model = load(folder)
    told = export(model, rebuild_data(Checkpoint.tested(folder)), "onnx", tmp_path / "model.onnx")
    assert told.max_difference <= 1e-5
