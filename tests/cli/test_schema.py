"""The schema of configs takes all presets and what runs write, and refuses what the command line refuses."""

import json
import sys

import pytest
import yaml

from litclf.cli.main import main
from litclf.cli.presets import preset_path, presets
from litclf.cli.schema import schema

jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema, of the extra `test`")
VALIDATOR = jsonschema.Draft202012Validator(schema())


def wrong(text):
    """What is wrong with a config, by the path of each finding."""
    return {".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(yaml.safe_load(text))}


def test_it_is_a_schema():
    VALIDATOR.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_is_valid(name, capsys):
    assert wrong(preset_path(name).read_text()) == set()
    assert main(["fit", "-c", name, "--print_config"]) == 0
    # A preset of one's own data says that its path is missing.
    assert wrong(capsys.readouterr().out) <= ({"data.init_args.path"} if name == "images" else set())


def test_the_config_of_a_run_is_valid(trained):
    assert wrong((trained / "config.yaml").read_text()) == set()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("lr: 0.1", "lrr: 0.1"), "model.init_args"),
        (("lr: 0.1", "lr: fast"), "model.init_args.lr"),
        (("noise: 0.03", "nose: 0.03"), "data.init_args"),
        (("noise: 0.03", "noise: [1]"), "data.init_args.noise"),
        (("activation: relu", "activation: rellu"), "model.init_args.activation"),
        (("hidden_dims: [10, 10]", "hidden_dims: 10"), "model.init_args.hidden_dims"),
        (("max_epochs: 20", "max_epoch: 20"), "trainer"),
        (("max_epochs: 20", "max_epochs: many"), "trainer.max_epochs"),
        (("trainer:", "traner:"), ""),
        (("class_path: BinaryClassifier", "class_path: BinaryClasifier"), "model.class_path"),
        (("class_path: BinaryClassifier", "class_path: litclf.BinaryClasifier"), "model.class_path"),
        (("class_path: CirclesDataModule", "class: CirclesDataModule"), "data"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else None,
)
def test_a_typo_is_refused_where_it_stands(change, place, tmp_path, monkeypatch, capsys):
    text = preset_path("circles").read_text().replace(*change)
    assert place in wrong(text)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(text)
    assert main(["fit", "-c", "own.yaml"]) == 2  # so does the command
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    "text",
    [
        "model: auto",
        "data: BlobsDataModule",
        "model: mine.Net",
        "model: {class_path: mine.Net, init_args: {width: 3}}",
        "data: {class_path: litclf.TableDataModule, init_args: {path: a.csv, target: 2020, drop: id}}",
        "data: {class_path: litclf.data.table.TableDataModule, init_args: {drop: [no, 7]}}",
        "threshold_rule: 0.5",
        "seed_everything: true",
        "trainer: {callbacks: [{class_path: EarlyStopping, init_args: {monitor: val/loss}}], logger: false}",
    ],
)
def test_what_the_command_takes_is_valid(text):
    assert wrong(text) == set()


def test_it_is_printed_without_pytorch(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()


def test_settings_are_told_in_words():
    for name, kind in schema()["$defs"].items():
        assert all(own["description"] for own in kind["properties"].values()), name
