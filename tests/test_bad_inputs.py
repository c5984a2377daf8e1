"""Bad inputs through the command line: one line that names the place and the way out, exit code 2, nothing written."""

import os
import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import LightningModule
from PIL import Image

from litclf import AutoClassifier, CirclesDataModule, fit
from litclf.__main__ import main
from litclf.data.images import ImagesDataModule
from litclf.data.table import TableDataModule

ROWS = [f"{1.5 * row},{'red' if row % 3 else 'blue'},{'a' if row % 2 else 'b'}" for row in range(60)]
"""Rows of a table that trains: a number, a colour and a class."""

HEADER = "size,colour,kind"


def text(header=HEADER, rows=ROWS, **changed):
    """A CSV file, with some lines changed: ``line3="..."`` for the third line of the file."""
    lines = [header, *rows]
    for name, line in changed.items():
        lines[int(name.removeprefix("line")) - 1] = line
    return ("\n".join(lines) + "\n").encode()


def frame():
    return pd.DataFrame([row.split(",") for row in ROWS], columns=HEADER.split(",")).astype({"size": float})


def parquet(**columns):
    frame().assign(**columns).to_parquet("whole.parquet")
    content = Path("whole.parquet").read_bytes()
    Path("whole.parquet").unlink()
    return content


def png(width=8, height=8, value=0, mode="L"):
    Image.new(mode, (width, height), value).save("image.png")
    content = Path("image.png").read_bytes()
    Path("image.png").unlink()
    return content


def cut_off():
    """A PNG that ends amid its pixels."""
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)).save("image.png")
    content = Path("image.png").read_bytes()[:-50]
    Path("image.png").unlink()
    return content


def bomb():
    """A PNG of a hundred bytes that says it has 400 million pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def pets(**changed):
    """Files of a folder of images that trains, with some changed; None leaves one out."""
    files = {f"pets/{kind}/{row}.png": png(value=10 * row) for kind in ("cat", "dog") for row in range(12)}
    return files | {name.replace("__", "/") + ".png": content for name, content in changed.items()}


def write(files):
    for name, content in files.items():
        if content is not None:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(content)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Run folders of a model of points, of a table and of images."""
    root, quiet = tmp_path_factory.mktemp("runs"), {"max_epochs": 1, "enable_progress_bar": False, "logger": False}
    before = Path.cwd()
    os.chdir(root)
    try:
        write({"a.csv": text(), **pets()})
    finally:
        os.chdir(before)
    data = {
        "points": CirclesDataModule(num_samples=50),
        "table": TableDataModule(path=str(root / "a.csv"), target="kind"),
        "images": ImagesDataModule(str(root / "pets"), val_size=0, test_size=0),
    }
    return {
        name: str(fit(AutoClassifier(), own, name=name, default_root_dir=root, **quiet).folder)
        for name, own in data.items()
    }


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def everything(*folders):
    """All files and folders, and when and how large they were written."""
    paths = [path for folder in folders for path in Path(folder).rglob("*")]
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None for path in paths}


def refused(args, message, capsys, runs=None):
    """Runs the command; it is to refuse in one line that matches ``message``, and to write nothing."""
    args = [arg.format(**runs or {}) for arg in args]
    folders = [".", *(runs or {}).values()]
    before = everything(*folders)
    code = main(args)
    printed = capsys.readouterr()
    assert code == 2, printed
    assert "Traceback" not in printed.out + printed.err
    (line,) = printed.err.splitlines()
    assert re.fullmatch(r"error: .+: .+; fix: .+", line), line
    assert re.search(message, line), line
    assert everything(*folders) == before


FIT_TABLE = ("fit", "-c", "table", "--data.path", "a.csv", "--data.target", "kind")

TABLES = {
    "no file": ({"ab.csv": text}, r"--data\.path: a\.csv does not exist; fix: did you mean ab\.csv"),
    "a folder": ({"a.csv/b.csv": text}, r"--data\.path: a\.csv is a folder"),
    "empty file": ({"a.csv": bytes}, r"--data\.path: a\.csv is empty"),
    "header only": ({"a.csv": lambda: text(rows=[])}, r"a\.csv has no rows below its header"),
    "no header": ({"a.csv": lambda: text("1.5,2.5,a")}, r"a\.csv line 1 must be a header, got the number 1\.5"),
    "same header twice": ({"a.csv": lambda: text("size,size,kind")}, r"a\.csv every column .* got 'size' more than"),
    "too few values": ({"a.csv": lambda: text(line5="1.5,red")}, r"a\.csv line 5 must hold 3 values .* got 2"),
    "too many values": ({"a.csv": lambda: text(line5="1.5,red,a,b")}, r"a\.csv line 5 must hold 3 values .* got 4"),
    "open quote": ({"a.csv": lambda: text(line5='1.5,"red,a')}, r"a\.csv line 5 begins a row that cannot be read"),
    "broken quote": ({"a.csv": lambda: text(line5='1.5,"re"d,a')}, r"a\.csv line 5 begins a row that cannot be read"),
    "binary file": (
        {"a.csv": lambda: b"\x89PNG\r\n\x1a\n\xff\xfe\x80"},
        r"a\.csv line \d must be text in UTF-8 or CP949",
    ),
    "image": ({"a.csv": png}, r"a\.csv (is no text: it holds zero bytes|line \d must be text)"),
    "zero bytes": ({"a.csv": lambda: text(line5="1.5,r\0d,a")}, r"a\.csv is no text: it holds zero bytes"),
    "UTF-16": ({"a.csv": lambda: text().decode().encode("utf-16")}, r"a\.csv (is no text|line \d must be text)"),
    "no class in a row": ({"a.csv": lambda: text(line7="1.5,red,")}, r"a\.csv line 7 must have a class in column kind"),
    "one class": (
        {"a.csv": lambda: text(rows=[row[:-1] + "a" for row in ROWS])},
        r"column kind of a\.csv holds a only",
    ),
    "a class for each row": (
        {"a.csv": lambda: text(rows=[f"{row}{place}" for place, row in enumerate(ROWS)])},
        r"class a1 has 1",
    ),
    "measures as classes": (
        {"a.csv": lambda: text(rows=[f"{row[:-1]}{place / 4}" for place, row in enumerate(ROWS)])},
        r"a\.csv line 3 must have a class in column kind, got 0\.25",
    ),
    "text among numbers": (
        {"a.csv": lambda: text(line9="about 3,red,a")},
        r"a\.csv line 9, column size must be a number as in most rows, got 'about 3'",
    ),
    "infinity": (
        {"a.csv": lambda: text(line9="inf,red,a")},
        r"a\.csv line 9, column size must be a finite number, got 'inf'",
    ),
    "beyond float32": (
        {"a.csv": lambda: text(line9="1e40,red,a")},
        r"line 9, column size must be a finite .* got '1e40'",
    ),
    "beyond float64": ({"a.csv": lambda: text(line9="1e400,red,a")}, r"line 9, column size must be a .* got '1e400'"),
    "a name in each row": (
        {
            "a.csv": lambda: text(
                rows=[
                    row.replace("red", f"red {place}").replace("blue", f"blue {place}")
                    for place, row in enumerate(ROWS)
                ]
            )
        },
        r"a\.csv has columns .* colour has a text of its own in most rows; fix: pass --data\.drop '\[colour\]'",
    ),
    "no column but the target": (
        {"a.csv": lambda: text("kind", ["a", "b"] * 30)},
        r"a\.csv has no columns to learn from",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_trained_on(case, capsys):
    files, message = TABLES[case]
    write({name: make() for name, make in files.items()})
    refused(FIT_TABLE, message, capsys)


SETTINGS = {
    "target that is not there": (
        ["--data.target", "kynd"],
        r"--data\.target: a\.csv has no column 'kynd'; fix: did you mean kind",
    ),
    "wrong ending": (["--data.path", "a.xlsx"], r"--data\.path: a\.xlsx must be a \.csv, .*got '\.xlsx'"),
    "column to drop that is not there": (
        ["--data.drop", "[sise]"],
        r"--data\.drop: a\.csv has no column 'sise'; fix: did you mean size",
    ),
    "split column that is not there": (
        ["--data.split_column", "splt"],
        r"--data\.split_column: a\.csv has no column 'splt'",
    ),
    "unknown split": (
        ["--data.split_column", "colour"],
        r"--data\.path: a\.csv line 2, column colour must be train, val or test, got blue",
    ),
    "too much held out": (
        ["--data.val_size", "0.5", "--data.test_size", "0.5"],
        r"--data\.val_size: must leave .* got 0\.5 of 60 rows",
    ),
    "share above one": (["--data.test_size", "1.2"], r"--data\.test_size: must be at least 0 and below 1, got 1\.2"),
    "validation file that is not there": (["--data.val_path", "v.csv"], r"--data\.val_path: v\.csv does not exist"),
    "validation file with another class": (
        ["--data.val_path", "other.csv"],
        r"--data\.val_path: other\.csv line 2 has class 'c', which no training",
    ),
    "validation file without a column": (
        ["--data.val_path", "less.csv"],
        r"--data\.val_path: less\.csv has no column colour",
    ),
    "class without training rows": (
        ["--data.path", "split.csv", "--data.split_column", "split"],
        r"--data\.path: class a of split\.csv has no training row",
    ),
    "truncated Parquet": (["--data.path", "cut.parquet"], r"--data\.path: cut\.parquet is no Parquet file"),
    "CSV named Parquet": (["--data.path", "text.parquet"], r"--data\.path: text\.parquet is no Parquet file"),
    "infinity in Parquet": (
        ["--data.path", "inf.parquet"],
        r"--data\.path: inf\.parquet row 3, column size must be a finite number, got -inf",
    ),
    "lists in Parquet": (["--data.path", "lists.parquet"], r"--data\.path: lists\.parquet .*column lists"),
    "unreadable file": (["--data.path", "locked.csv"], r"--data\.path: locked\.csv cannot be read"),
}


@pytest.fixture
def tables():
    files = {"a.csv": text(), "a.xlsx": text(), "other.csv": text(line2="1,red,c"), "text.parquet": text()}
    files["less.csv"] = text("size,kind", [",".join(row.split(",")[::2]) for row in ROWS])
    splits = [f"{row},{'test' if row[-1] == 'a' else 'train'}" for row in ROWS]
    files["split.csv"] = text(f"{HEADER},split", splits)
    files["cut.parquet"] = parquet()[:-100]
    files["inf.parquet"] = parquet(size=[1.0, 2.0, 3.0, -np.inf, *range(56)])
    files["lists.parquet"] = parquet(lists=[[1, 2]] * 60)
    write(files)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_do_not_fit_the_table(case, capsys):
    settings, message = SETTINGS[case]
    if case == "unreadable file":
        if os.geteuid() == 0:
            pytest.skip("root reads every file")
        shutil.copy("a.csv", "locked.csv")
        Path("locked.csv").chmod(0)
    refused([*FIT_TABLE, *settings], message, capsys)


FIT_IMAGES = ("fit", "-c", "images", "--data.path", "pets", "--data.size", "null", "--model.hidden_dims", "[4]")

IMAGES = {
    "no folder": ({}, r"--data\.path: pets does not exist"),
    "a file": ({"pets": text}, r"--data\.path: pets is a file, not a folder"),
    "no class folders": ({"pets/1.png": png}, r"--data\.path: pets.*"),
    "one class": (
        {f"pets/cat/{row}.png": png for row in range(9)},
        r"--data\.path: pets must hold two class folders or more, got 1",
    ),
    "no images": (
        {"pets/cat/a.txt": text, "pets/dog/b.txt": text},
        r"--data\.path: pets/cat/a\.txt is no image: none of \.jpg",
    ),
    "empty class": (lambda: pets() | {"pets/bird/.hidden": b""}, r"--data\.path: pets/bird holds no images"),
    "cut off": (lambda: pets(pets__cat__3=cut_off()), r"pets/cat/3\.png cannot be read: "),
    "zero bytes": (lambda: pets(pets__cat__3=b""), r"pets/cat/3\.png is no image"),
    "text": (lambda: pets(pets__cat__3=text()), r"pets/cat/3\.png is no image"),
    "bomb": (lambda: pets(pets__cat__3=bomb()), r"pets/cat/3\.png has more than the \d+ pixels"),
    "another size": (lambda: pets(pets__cat__3=png(9, 8)), r"pets/cat/3\.png: must have 8 x 8 pixels, got 9 x 8"),
    "too few of a class": (lambda: pets() | {"pets/bird/1.png": png()}, r"--data\.test_size: .* class bird has 1"),
    "unknown class in val": (
        lambda: {f"pets/train/{name[5:]}": own for name, own in pets().items()} | {"pets/val/bird/1.png": png()},
        r"--data\.path: pets/val/bird is a class that train does not have",
    ),
    "unknown split": (
        lambda: {f"pets/train/{name[5:]}": own for name, own in pets().items()} | {"pets/tset/cat/1.png": png()},
        r"--data\.path: pets/tset is neither train, val, valid nor test",
    ),
}


@pytest.mark.parametrize("case", IMAGES)
def test_a_folder_of_images_that_cannot_be_trained_on(case, capsys):
    files, message = IMAGES[case]
    write(files() if callable(files) else {name: make() for name, make in files.items()})
    refused(FIT_IMAGES, message, capsys)


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
    "image for a table": ("table", lambda: {"in.png": png()}, r"in\.png: must be a \.csv"),
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


class Stranger(LightningModule):
    """A model that is none of litclf's."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)


def checkpoint_of(name, runs):
    """The bytes of a checkpoint that cannot be used."""
    whole = Path(runs["points"], "checkpoints", "last.ckpt")
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


UNREADABLE = ("no file", "empty file", "header only", "too many values", "broken quote", "zero bytes", "UTF-16")


@pytest.mark.parametrize("command", ["init", "check-data"])
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_table_that_cannot_be_read(command, case, capsys):
    files, message = TABLES[case]
    write({name: make() for name, make in files.items()})
    message = message.removeprefix(r"--data\.path: ").replace(r"a\.csv ", r"a\.csv: ")
    refused([command, "a.csv"], message, capsys)


DRAFTS = {
    "one class": r"--target: must hold two classes or more, column kind of a\.csv holds a only",
    "a class for each row": r"--target: column kind of a\.csv holds 60 classes in 60 rows",
    "measures as classes": r"a\.csv: line 3 must have a class in column kind, got 0\.25",
    "text among numbers": r"a\.csv: line 9, column size must be .* got 'about 3'; .* pass --categorical '\[size\]'",
    "beyond float64": r"a\.csv: line 9, column size must be a finite number, got '1e400'",
    "no column but the target": r"a\.csv: has no columns to learn from",
}


@pytest.mark.parametrize("case", DRAFTS)
def test_a_table_that_no_config_is_drafted_for(case, capsys):
    write({name: make() for name, make in TABLES[case][0].items()})
    refused(["init", "a.csv", "--target", "kind"], DRAFTS[case], capsys)


@pytest.mark.parametrize("case", ["no class folders", "one class", "no images", "empty class", "unknown split"])
def test_a_folder_that_no_config_is_drafted_for(case, capsys):
    files, message = IMAGES[case]
    write(files() if callable(files) else {name: make() for name, make in files.items()})
    refused(["init", "pets"], message.removeprefix(r"--data\.path: ").replace("pets ", "pets: "), capsys)


def test_a_category_that_training_did_not_have_is_told_and_goes_on(runs, capsys):
    write({"in.csv": b"size,colour\n1,red\n2,green\n3,pink\n"})
    assert main(["predict", "--ckpt_path", runs["table"], "--input", "in.csv", "--output", "out.csv"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("note        line 3, column colour: 'green' was in no training row")
    assert len(pd.read_csv("out.csv")) == 3


def test_images_in_colour_are_made_grey_for_a_grey_model(runs):
    write({"in/a.png": png(mode="RGB"), "in/b.png": png(mode="RGBA"), "in/c.png": png()})
    assert main(["predict", "--ckpt_path", runs["images"], "--input", "in", "--output", "out.csv"]) == 0
    assert len(pd.read_csv("out.csv")) == 3


def test_lists_beside_the_columns_of_the_model_are_refused(runs, capsys):
    write({"in.parquet": parquet(lists=[[1, 2]] * 60)})
    args = ["predict", "--ckpt_path", "{table}", "--input", "in.parquet"]
    refused(args, r"in\.parquet: column lists must hold one value in each row, got list", capsys, runs)
