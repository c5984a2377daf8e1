import contextlib
import csv
import functools
import io
import json

import numpy as np
import pytest
from PIL import Image

from litclf import InputError
from litclf.cli.compare import main

PRESET = """\
model: {class_path: BinaryClassifier, init_args: {hidden_dims: %s, engine: eager}}
data: {class_path: CirclesDataModule, init_args: {num_samples: 100}}
trainer: {max_epochs: 1}
pictures: false
"""


@pytest.fixture(scope="module")
def compare(folders, tmp_path_factory):
    """Compares runs by name, the same ones once; returns the folder that was written and what was printed."""

    @functools.cache
    def compare(*names):
        output = tmp_path_factory.mktemp("compared") / "comparison"
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert main([*(str(folders[name]) for name in names), "--output", str(output)]) == 0
        return output, printed.getvalue()

    return compare


def pixels(folder):
    with Image.open(folder / "comparison.png") as image:
        return np.asarray(image)


def test_all_is_printed(compare):
    lines = [line.split() for line in compare("relu", "linear")[1].splitlines()]
    assert ["settings", "that", "differ", "relu/version_0", "linear/version_0"] in lines
    assert ["model.hidden_dims", "[10]", "[]"] in lines
    assert ["steps", "400", "400"] in lines
    assert any(line[:1] == ["test/accuracy"] for line in lines)
    assert any(line[:3] == ["exact", "McNemar", "test:"] for line in lines)


def test_one_pair_needs_no_note_on_many(compare):
    assert "Holm" not in compare("relu", "linear")[1]


def test_many_pairs_are_noted(folders, tmp_path, capsys):
    last = folders["relu"] / "checkpoints" / "last.ckpt"
    runs = [str(run) for run in (folders["relu"], folders["linear"], last)]
    main([*runs, "--output", str(tmp_path / "comparison")])
    assert "Among several pairs one may look different by chance" in capsys.readouterr().out


def test_the_table_has_a_column_for_each_run(compare):
    with (compare("relu", "linear")[0] / "comparison.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[:2] == [
        ["kind", "name", "relu/version_0", "linear/version_0"],
        ["setting", "model.hidden_dims", "[10]", "[]"],
    ]
    assert ["metric", "steps", "400", "400"] in rows


def test_the_json_holds_everything(compare):
    content = json.loads((compare("relu", "linear", "noisy")[0] / "comparison.json").read_text())
    assert content["differing_settings"] == ["model.hidden_dims", "data.noise"]
    relu, linear, _ = content["runs"]
    assert relu["settings"]["data.noise"] == 0.03
    assert linear["test"]["samples"] == 50
    assert linear["test"]["interval"]["low"] < linear["test"]["right"] / 50 < linear["test"]["interval"]["high"]
    proper, *others = content["pairs"]
    counts = [proper[name] for name in ("both", "only_first", "only_second", "neither")]
    assert sum(counts) == 50
    assert counts[0] + counts[1] == relu["test"]["right"]
    assert proper["p_value"] == proper["p_value_holm"]
    assert all(pair["p_value"] is None and "data.noise" in pair["reason"] for pair in others)


def test_two_dimensional_runs_have_boundaries_above_their_curves(compare):
    picture = pixels(compare("relu", "linear")[0])
    assert picture.shape == (1080, 840, 3)
    # The middle of the ReLU model's plane is inside the inner circle: orange, where the linear one is pale.
    inner, pale = picture[160, 240].astype(int), picture[160, 660].astype(int)
    assert inner[0] - inner[2] > 60
    assert pale.min() > 200


@pytest.mark.parametrize("names", [("relu", "image"), ("relu", "blobs")])
def test_other_runs_have_curves_only(names, compare):
    rows = 3 if "image" in names else 2  # loss, accuracy and PSNR, or loss and accuracy
    assert pixels(compare(*names)[0]).shape == (360 * rows, 840, 3)


def test_comparisons_are_numbered(folders, tmp_path):
    (tmp_path / "lightning_logs" / "compare" / "version_3").mkdir(parents=True)
    assert main([str(folders["relu"]), str(folders["linear"]), "--root", str(tmp_path)]) == 0
    assert (tmp_path / "lightning_logs" / "compare" / "version_4" / "comparison.json").is_file()


def test_presets_are_trained_first(tmp_path, capsys):
    for name, hidden_dims in (("small", "[2]"), ("large", "[8]")):
        (tmp_path / f"{name}.yaml").write_text(PRESET % hidden_dims)
    presets = [str(tmp_path / "small.yaml"), str(tmp_path / "large.yaml")]
    assert main(["--presets", *presets, "--root", str(tmp_path / "root")]) == 0
    logs = tmp_path / "root" / "lightning_logs"
    content = json.loads((logs / "compare" / "version_0" / "comparison.json").read_text())
    assert [run["name"] for run in content["runs"]] == ["small/version_0", "large/version_0"]
    assert content["differing_settings"] == ["model.hidden_dims"]
    assert "run folder" in capsys.readouterr().out


def test_a_fit_that_fails_ends_the_comparison(tmp_path):
    (tmp_path / "wrong.yaml").write_text(PRESET % "[-1]")
    with pytest.raises(InputError, match=r"^--model\.hidden_dims: "):
        main(["--presets", str(tmp_path / "wrong.yaml"), "circles", "--root", str(tmp_path)])
    assert not (tmp_path / "lightning_logs").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "needs two runs"),
        (["--presets", "circles"], "needs two runs"),
        (["--presets", "circles", "circels"], "did you mean circles"),
        (["nowhere", "--presets", "circles"], "nowhere: does not exist"),
        (["--output"], "expected one argument"),
        (["--presets", "circles", "blobs", "--output", "."], "exists already"),
        (["a", "b", "--preset", "c"], "unrecognized arguments"),
    ],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_trained(args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        main(args)
    assert list(tmp_path.iterdir()) == []
