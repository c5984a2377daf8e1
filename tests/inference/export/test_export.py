import functools
import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import special

from litclf import BinaryClassifier, BlobsDataModule, InputError, MulticlassClassifier, fit
from litclf.cli.export import main
from litclf.data.images import ImagesDataModule
from litclf.inference.export.export import ExportError, export
from litclf.inference.export.formats import FORMATS, FileFormat
from litclf.inference.model import load

onnxruntime = pytest.importorskip("onnxruntime")
safetensors = pytest.importorskip("safetensors")

SLOW = pytest.mark.slow


@pytest.fixture
def circles(circles_run):
    return load(circles_run.folder), circles_run.trainer.datamodule


@pytest.fixture
def blobs(blobs_run):
    return load(blobs_run.folder), blobs_run.trainer.datamodule


@pytest.fixture(scope="module")
def exported(circles_run, tmp_path_factory):
    """Exports the circles in a format, once; returns what was told of it and the file, alone in its folder."""

    @functools.cache
    def exported(format):
        path = tmp_path_factory.mktemp(format) / f"model{FORMATS[format].ending}"
        return export(load(circles_run.folder), circles_run.trainer.datamodule, format, path), path

    return exported


def assert_told(told, path, model, data):
    """The export was compared on the whole test split, and is described beside it."""
    assert (told.split, told.num_samples) == ("test", len(data.splits["test"].y))
    assert 0 <= told.max_difference <= 1e-5
    stored = json.loads((path.parent / "export.json").read_text(encoding="utf-8"))[path.name]
    assert stored["max_difference"] == told.max_difference
    assert stored["class_names"] == list(model.class_names)
    assert sorted(other.name for other in path.parent.iterdir()) == ["export.json", path.name]


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_answers_as_the_model_does(format, exported, circles):
    assert_told(*exported(format), *circles)


@pytest.mark.parametrize("format", [name if name == "torch" else pytest.param(name, marks=SLOW) for name in FORMATS])
def test_an_export_of_many_classes_answers_as_the_model_does(format, blobs, tmp_path):
    path = tmp_path / f"model{FORMATS[format].ending}"
    assert_told(export(*blobs, format, path), path, *blobs)


@pytest.mark.parametrize("samples", [0, 1, 7])
def test_onnx_takes_raw_rows_in_batches_of_any_size(circles, exported, samples):
    model, _ = circles
    session = onnxruntime.InferenceSession(exported("onnx")[1])
    rows = np.random.default_rng(0).normal(size=(samples, 2)).astype(np.float32)
    probabilities, classes = session.run(["probabilities", "class"], {"input": rows})
    expected = model.predict(rows)
    assert model.decision.temperature != 1, "the temperature is inside"
    assert model.decision.threshold != 0.5, "and the threshold"
    np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-5)
    np.testing.assert_array_equal(classes, expected.indexes)
    described = session.get_modelmeta().custom_metadata_map
    assert json.loads(described["class_names"]) == ["outer", "inner"]
    assert json.loads(described["preparation"]) == {"kind": "array", "columns": ["x1", "x2"]}
    assert float(described["temperature"]) == model.decision.temperature


def test_an_exported_program_needs_torch_alone(circles, exported):
    model, _ = circles
    described = {"litclf.json": ""}
    program = torch.export.load(exported("torch")[1], extra_files=described).module()
    rows = torch.randn(5, 2)
    np.testing.assert_allclose(program(rows)[0].detach(), model.probabilities(rows), atol=1e-5)
    assert json.loads(json.loads(described["litclf.json"])["class_names"]) == ["outer", "inner"]


def test_a_state_dict_fits_the_plain_network(circles, exported):
    model, _ = circles
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    network.load_state_dict(torch.load(exported("state_dict")[1], weights_only=True))
    rows = torch.randn(5, 2)
    torch.testing.assert_close(network(rows).flatten().detach(), model.logits(rows))


def test_safetensors_say_what_they_are(circles, exported):
    model, _ = circles
    with safetensors.safe_open(exported("safetensors")[1], framework="pt") as file:
        assert json.loads(file.metadata()["class_names"]) == ["outer", "inner"]
        assert torch.equal(file.get_tensor("0.weight"), model.network[0].weight)


@SLOW
@pytest.mark.parametrize("run", ["members_run", "blob_members_run"])
def test_one_onnx_file_holds_all_members(run, request, tmp_path):
    result = request.getfixturevalue(run)
    model, data = load(result.folder), result.trainer.datamodule
    told = export(model, data, "onnx", tmp_path / "model.onnx")
    assert_told(told, tmp_path / "model.onnx", model, data)
    assert (told.members, told.member) == (model.num_members, None)
    assert told.size == (tmp_path / "model.onnx").stat().st_size
    rows = np.random.default_rng(0).normal(size=(50, *model.input_shape)).astype(np.float32) * 2
    alone = [load(result.folder, member=number).probabilities(rows) for number in range(model.num_members)]
    calibrated = special.softmax(np.log(np.mean(alone, axis=0)) / model.decision.temperature, 1)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert len(session.get_outputs()) == 2
    np.testing.assert_allclose(session.run(None, {"input": rows})[0], calibrated, atol=1e-5)
    np.testing.assert_array_equal(session.run(None, {"input": rows})[1], model.predict(rows).indexes)
    assert session.get_modelmeta().custom_metadata_map["members"] == str(model.num_members)


@pytest.mark.parametrize(
    "format", [name if name == "safetensors" else pytest.param(name, marks=SLOW) for name in FORMATS]
)
def test_members_answer_as_the_model_does_in_every_format(format, members_run, tmp_path):
    model, data, path = load(members_run.folder), members_run.trainer.datamodule, tmp_path / "model"
    assert_told(export(model, data, format, path), path, model, data)
    alone = load(members_run.folder, member=3)
    told = export(alone, data, format, path)
    assert_told(told, path, alone, data)
    assert (told.members, told.member, told.temperature) == (0, 3, 1.0)


def planted(format, change):
    """The format, with a change of the graph that it writes."""
    own = FORMATS[format]

    def write(graph, path, metadata):
        changed = change(graph)
        own.write(graph, path, metadata)
        changed()

    return FileFormat(own.ending, write, own.read)


def weight_moved(graph):
    weight = graph.network[0].weight.data
    before = weight.clone()
    weight += 1e-3
    return lambda: weight.copy_(before)


def threshold_moved(graph):
    before, graph.decision.border = graph.decision.border, 0.3
    return lambda: setattr(graph.decision, "border", before)


def broken(graph):
    bias = graph.network[0].bias.data
    before = bias.clone()
    bias.fill_(float("nan"))
    return lambda: bias.copy_(before)


@pytest.mark.parametrize(
    ("format", "change"),
    [
        *((format, weight_moved) for format in ("state_dict", "safetensors")),
        *(("torch", change) for change in (threshold_moved, broken)),
        *(pytest.param(format, weight_moved, marks=SLOW) for format in ("torch", "onnx")),
        pytest.param("onnx", threshold_moved, marks=SLOW),
    ],
)
def test_a_planted_mismatch_fails_and_leaves_no_file(circles, tmp_path, monkeypatch, capsys, format, change):
    model, _ = circles
    monkeypatch.setitem(FORMATS, format, planted(format, change))
    path = tmp_path / f"model{FORMATS[format].ending}"
    assert main(["--ckpt_path", str(model.path), "--format", format, "--output", str(path)]) == 1
    assert "of the test split has probability" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_mismatch_keeps_an_earlier_export(circles, tmp_path, monkeypatch):
    model, data = circles
    path = tmp_path / "model.pt"
    export(model, data, "state_dict", path)
    content, stored = path.read_bytes(), (tmp_path / "export.json").read_text()
    monkeypatch.setitem(FORMATS, "state_dict", planted("state_dict", weight_moved))
    with pytest.raises(ExportError, match="the file is removed"):
        export(model, data, "state_dict", path)
    assert (path.read_bytes(), (tmp_path / "export.json").read_text()) == (content, stored)


def test_export_json_has_an_entry_for_each_file(circles, tmp_path):
    model, data = circles
    export(model, data, "state_dict", tmp_path / "a.pt")
    export(model, data, "safetensors", tmp_path / "b.safetensors")
    export(model, data, "state_dict", tmp_path / "a.pt")
    assert list(json.loads((tmp_path / "export.json").read_text())) == ["a.pt", "b.safetensors"]


def test_a_missing_package_is_named(circles, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    own = FORMATS["onnx"]
    monkeypatch.setitem(FORMATS, "onnx", FileFormat(own.ending, lambda _, path, __: path.touch(), own.read))
    with pytest.raises(InputError, match=r"needs the package onnxruntime.*; fix: pip install litclf\[export\]"):
        export(*circles, "onnx", tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_data_of_another_shape_is_refused(circles, tmp_path):
    with pytest.raises(InputError, match=r"has inputs of shape \[3\], the model takes \[2\]"):
        export(circles[0], BlobsDataModule(num_features=3), "torch", tmp_path / "model.pt2")


def test_without_a_test_split_the_training_split_is_compared(tmp_path):
    data = BlobsDataModule(num_samples=100, holdout=0, batch_size=None, repeat=5, steps_per_execution=5)
    settings = {"enable_progress_bar": False, "default_root_dir": tmp_path}
    model = load(fit(MulticlassClassifier(), data, max_epochs=1, **settings).folder)
    exported = export(model, data, "state_dict", tmp_path / "model.pt")
    assert (exported.split, exported.num_samples) == ("train", 100)


@pytest.fixture(scope="module")
def colour_run(fit_once, tmp_path_factory):
    """A convolutional network on images in colour."""
    root, rng = tmp_path_factory.mktemp("colours"), np.random.default_rng(0)
    for name, most in (("dark", 100), ("light", 255)):
        (root / name).mkdir()
        for number in range(30):
            Image.fromarray(rng.integers(0, most, (12, 12, 3), dtype=np.uint8)).save(root / name / f"{number}.png")
    data = ImagesDataModule(str(root), test_size=0.4, batch_size=8)
    return fit_once("colours", BinaryClassifier(network="cnn", hidden_dims=[4, 8]), data)


COLUMNS = "float64 of shape (N, 2): size, colour; NaN where a number is missing;"


@pytest.mark.parametrize(
    ("run", "takes", "format"),
    [
        ("table_run", COLUMNS, "torch"),
        ("image_run", "uint8 of shape (N, 1, 8, 8)", "torch"),
        pytest.param("table_run", COLUMNS, "onnx", marks=SLOW),
        pytest.param("image_run", "uint8 of shape (N, 1, 8, 8)", "onnx", marks=SLOW),
        pytest.param("colour_run", "uint8 of shape (N, 3, 12, 12)", "torch", marks=SLOW),
        pytest.param("colour_run", "uint8 of shape (N, 3, 12, 12)", "onnx", marks=SLOW),
    ],
)
def test_tables_and_images_are_scaled_inside(run, takes, format, request, tmp_path):
    result = request.getfixturevalue(run)
    data = result.trainer.datamodule
    path = tmp_path / f"model{FORMATS[format].ending}"
    told = export(load(result.folder), data, format, path)
    assert told.num_samples == len(data.splits["test"].y)
    assert told.input.startswith(takes)
    if run == "table_run" and format == "onnx":
        none = onnxruntime.InferenceSession(path).run(None, {"input": np.zeros((0, 2))})
        assert [output.shape for output in none] == [(0, 3), (0,)]
