"""What cannot be predicted: one line that names the place and the way out, exit code 2, nothing written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from litclf import AutoClassifier, ImagesDataModule
from litclf.cli.main import main

from ..bad_inputs import bomb, cut_off, parquet, pets, png, refused, write


@pytest.fixture(scope="module")
def image_folder(fit_once, tmp_path_factory):
    """The run folder of a model that takes images of 8 x 8 pixels as they are."""
    root = tmp_path_factory.mktemp("images")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        write(pets())
    data = ImagesDataModule(str(root / "pets"), val_size=0, test_size=0)
    return fit_once("images", AutoClassifier(), data, max_epochs=1, logger=False).folder


@pytest.fixture
def runs(circles_run, table_run, image_folder):
    """Run folders of a model of points, of a table and of images."""
    return {"points": str(circles_run.folder), "table": str(table_run.folder), "images": str(image_folder)}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


PREDICT = {
    "column missing": ("table", {"in.csv": b"size\n1\n"}, r"in\.csv: has no column colour"),
    "column renamed": ("table", {"in.csv": b"sise,colour\n1,red\n"}, r"in\.csv: has no column size; fix: is it sise"),
    "column renamed, of points": (
        "points",
        {"in.csv": b"x1,X2\n1,2\n"},
        r"in\.csv: has no column x2, but x1, X2; fix: is it X2",
    ),
    "column twice": ("table", {"in.csv": b"size,size,colour\n1,2,red\n"}, r"in\.csv: .*'size' more than once"),
    "text for a number": (
        "table",
        {"in.csv": b"size,colour\n1,red\nlarge,red\n"},
        r"in\.csv: line 3, column size must be a number, got 'large'",
    ),
    "infinity": (
        "table",
        {"in.csv": b"size,colour\n1,red\n-inf,red\n"},
        r"in\.csv: line 3, column size must be a finite number, got '-inf'",
    ),
    "beyond float64": (
        "points",
        {"in.csv": b"x1,x2\n1,1e400\n"},
        r"in\.csv: line 2, column x2 must be a finite number, got 1e400",
    ),
    "no number": (
        "points",
        {"in.csv": b"x1,x2\n1,NaN\n"},
        r"in\.csv: line 2, column x2 must be a finite number, got nan",
    ),
    "empty file": ("points", {"in.csv": b""}, r"in\.csv: is empty"),
    "header only": ("points", {"in.csv": b"x1,x2\n"}, r"in\.csv: has no rows below its header"),
    "too few values": ("points", {"in.csv": b"x1,x2\n1,2\n3\n"}, r"in\.csv: line 3 must hold 2 values .* got 1"),
    "binary file": ("points", {"in.csv": bytes(range(256))}, r"in\.csv: is no text: it holds zero bytes"),
    "too late": (
        "points",
        {"in.csv": b"x1,x2\n" + b"1.0,2.0\n" * 300_000 + b"a,1\n"},
        r"in\.csv: line 300002, column x1 must be a number, got 'a'",
    ),
    "column of ours": ("points", {"in.csv": b"x1,x2,predicted\n1,2,a\n"}, r"in\.csv: has a column predicted already"),
    "folder for a table": (
        "points",
        {"in.csv/a.csv": b"x1,x2\n1,2\n"},
        r"in\.csv is a folder; the model takes rows with x1, x2",
    ),
    "no file": ("points", {"in.csv": None}, r"--input: there is no file in\.csv"),
    "truncated Parquet": ("table", lambda: {"in.parquet": parquet()[:-100]}, r"in\.parquet: is no Parquet file"),
    "image for a table": ("table", lambda: {"in.png": png()}, r"in\.png: is an image"),
    "table for images": ("images", {"in.csv": b"x1,x2\n1,2\n"}, r"in\.csv: is no image"),
    "folder without images": ("images", {"in/a.txt": b"1"}, r"--input: in holds no images"),
    "image of another size": (
        "images",
        lambda: {"in/a.png": png(), "in/b.png": png(9, 8)},
        r"in/b\.png: must have 8 x 8 pixels, got 9 x 8",
    ),
    "image cut off": ("images", lambda: {"in.png": cut_off()}, r"in\.png: cannot be read"),
    "image of zero bytes": ("images", {"in.png": b""}, r"in\.png: is no image"),
    "bomb": ("images", lambda: {"in.png": bomb()}, r"in\.png: has more than the"),
}


@pytest.mark.parametrize("case", PREDICT)
def test_input_that_cannot_be_predicted(case, runs, capsys):
    model, files, message = PREDICT[case]
    files = files() if callable(files) else files
    write(files)
    source = Path(next(iter(files))).parts[0]
    refused(["predict", "--ckpt_path", f"{{{model}}}", "--input", source], message, capsys, runs)


ARGUMENTS = {
    "output is the input": (
        "points",
        ["--input", "in.csv", "--output", "in.csv"],
        r"--output: in\.csv is the input itself",
    ),
    "no folder for the output": (
        "points",
        ["--input", "in.csv", "--output", "none/a.csv"],
        r"none/a\.csv: there is no folder none",
    ),
    "output of another kind": (
        "points",
        ["--input", "in.csv", "--output", "a.xlsx"],
        r"--output: must end in \.csv or \.parquet, got a\.xlsx",
    ),
    "output is a folder": ("points", ["--input", "in.csv", "--output", "folder.csv"], r"folder\.csv: is a folder"),
    "point with too few numbers": ("points", ["--point=1"], r"--point: must hold 2 values with commas between, got 1"),
    "point with a name of no column": ("points", ["--point", "x1=1,x3=2"], r"--point: x3 is no column of the model"),
    "point that lacks a column": ("points", ["--point", "x1=1"], r"--point: lacks x2"),
    "point with text": ("points", ["--point=1,b"], r"--point: .*column x2 must be a number, got 'b'"),
    "point without a number": ("points", ["--point=1,nan"], r"--point: .*column x2 must be a finite number, got nan"),
    "point of images": ("images", ["--point=1,2"], r"--point: takes rows, the model takes images"),
    "threshold": (
        "points",
        ["--input", "in.csv", "--threshold", "1.5"],
        r"--threshold: must lie between 0 and 1, got 1\.5",
    ),
    "unknown flag": ("points", ["--inptu", "in.csv"], r"(--inptu|litclf predict|inptu)"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_arguments_that_cannot_be_used(case, runs, capsys):
    model, args, message = ARGUMENTS[case]
    write({"in.csv": b"x1,x2\n1,2\n", "folder.csv/a": b""})
    refused(["predict", "--ckpt_path", f"{{{model}}}", *args], message, capsys, runs)


def checkpoint_of(name, runs):
    """The bytes of a checkpoint that cannot be used."""
    whole = next(Path(runs["points"]).glob("checkpoints/*.ckpt"))
    if name == "cut off":
        return whole.read_bytes()[:-1000]
    if name == "text":
        return b"no checkpoint"
    if name == "empty":
        return b""
    content = torch.load(whole, weights_only=True)
    if name == "weights only":
        content = content["state_dict"]
    elif name == "other shapes":
        content["state_dict"] = {
            key: value[:, :1] if value.ndim == 2 else value for key, value in content["state_dict"].items()
        }
    elif name == "not finite":
        content["state_dict"] = {key: value * np.nan for key, value in content["state_dict"].items()}
    elif name == "stranger":
        content["hyper_parameters"]["model_class"] = "Stranger"
    torch.save(content, "saved")
    content = Path("saved").read_bytes()
    Path("saved").unlink()
    return content


CHECKPOINTS = {
    "cut off": r"--ckpt_path: cannot read a\.ckpt",
    "text": r"--ckpt_path: cannot read a\.ckpt",
    "empty": r"--ckpt_path: cannot read a\.ckpt",
    "weights only": r"--ckpt_path: a\.ckpt is not a checkpoint of a run",
    "other shapes": r"--ckpt_path: the weights in a\.ckpt do not fit",
    "not finite": r"--ckpt_path: .* in a\.ckpt is not finite",
    "stranger": r"--ckpt_path: a\.ckpt is of Stranger, which is no classifier of litclf",
}


@pytest.mark.parametrize("case", CHECKPOINTS)
def test_a_checkpoint_that_cannot_be_used(case, runs, capsys):
    write({"a.ckpt": checkpoint_of(case, runs), "in.csv": b"x1,x2\n1,2\n"})
    refused(["predict", "--ckpt_path", "a.ckpt", "--input", "in.csv"], CHECKPOINTS[case], capsys, runs)


def test_a_category_that_training_did_not_have_is_told_and_goes_on(runs, capsys):
    write({"in.csv": b"size,colour\n1,red\n2,blue\n3,pink\n"})
    assert main(["predict", "--ckpt_path", runs["table"], "--input", "in.csv", "--output", "out.csv"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("note        line 3, column colour: 'blue' was in no training row")
    assert len(pd.read_csv("out.csv")) == 3


def test_images_in_colour_are_made_grey_for_a_grey_model(runs):
    write({"in/a.png": png(mode="RGB"), "in/b.png": png(mode="RGBA"), "in/c.png": png()})
    assert main(["predict", "--ckpt_path", runs["images"], "--input", "in", "--output", "out.csv"]) == 0
    assert len(pd.read_csv("out.csv")) == 3


def test_lists_beside_the_columns_of_the_model_are_refused(runs, capsys):
    write({"in.parquet": parquet(lists=[[1, 2]] * 60)})
    args = ["predict", "--ckpt_path", "{table}", "--input", "in.parquet"]
    refused(args, r"in\.parquet: column lists must hold one value in each row, got list", capsys, runs)
