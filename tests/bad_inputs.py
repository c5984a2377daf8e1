"""Bad inputs: tables and folders of images that cannot be used, what is said of them, and how a command refuses."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from litclf import InputError
from litclf.cli.main import main

ROWS = [f"{1.5 * row},{'red' if row % 3 else 'blue'},{'a' if row % 2 else 'b'}" for row in range(60)]
"""Rows of a table that trains: a number, a colour and a class."""

HEADER = "size,colour,kind"


def text(header=HEADER, rows=ROWS, encoding="utf-8", **changed):
    """A CSV file, with some lines changed: ``line3="..."`` for the third line of the file."""
    lines = [header, *rows]
    for name, line in changed.items():
        lines[int(name.removeprefix("line")) - 1] = line
    return ("\n".join(lines) + "\n").encode(encoding)


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


def everything(*folders):
    """All files and folders, and when and how large they were written."""
    paths = [path for folder in folders for path in Path(folder).rglob("*")]
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None for path in paths}


def refused_by(function, message):
    """Calls the function; it is to refuse in one line that matches ``message``, and to write nothing."""
    before = everything(".")
    with pytest.raises(InputError) as stop:
        function()
    assert re.search(message, line := str(stop.value)), line
    assert re.fullmatch(r".+: .+; fix: .+", line)
    assert everything(".") == before


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


TABLES = {
    "no file": ({"ab.csv": text}, r"path: a\.csv does not exist; fix: did you mean ab\.csv"),
    "a folder": ({"a.csv/b.csv": text}, r"path: a\.csv is a folder"),
    "empty file": ({"a.csv": bytes}, r"path: a\.csv is empty"),
    "header only": ({"a.csv": lambda: text(rows=[])}, r"a\.csv has no rows below its header"),
    "no header": ({"a.csv": lambda: text("1.5,2.5,a")}, r"a\.csv line 1 must be a header, got the number 1\.5"),
    "same header twice": ({"a.csv": lambda: text("size,size,kind")}, r"a\.csv every column .* got 'size' more than"),
    "too few values": ({"a.csv": lambda: text(line5="1.5,red")}, r"a\.csv line 5 must hold 3 values .* got 2"),
    "too many values": ({"a.csv": lambda: text(line5="1.5,red,a,b")}, r"a\.csv line 5 must hold 3 values .* got 4"),
    "open quote": ({"a.csv": lambda: text(line5='1.5,"red,a')}, r"a\.csv line 5 begins a row that cannot be read"),
    "broken quote": ({"a.csv": lambda: text(line5='1.5,"re"d,a')}, r"a\.csv line 5 begins a row that cannot be read"),
    "binary file": (
        {"a.csv": lambda: b"\x89PNG\r\n\x1a\n\xff\xfe\x80"},
        r"a\.csv is an image",
    ),
    "other bytes": (
        {"a.csv": lambda: text(line5="1.5,r\x81\xffd,a", encoding="latin-1")},
        r"a\.csv line 5 must be text",
    ),
    "image": ({"a.csv": png}, r"a\.csv is an image"),
    "zero bytes": ({"a.csv": lambda: text(line5="1.5,r\0d,a")}, r"a\.csv is no text: it holds zero bytes"),
    "UTF-16 without a mark": (
        {"a.csv": lambda: text().decode().encode("utf-16-le")},
        r"a\.csv is no text: it holds zero bytes; fix: it looks like UTF-16: pass --(data\.)?encoding utf-16-le",
    ),
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
        r"a\.csv column size must hold a number in line 9 as in most rows, got 'about 3'; fix: pass --data.missing",
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
        r"a\.csv column colour has a text of its own in most rows; fix: pass --data\.drop '\[colour\]'",
    ),
    "no column but the target": (
        {"a.csv": lambda: text("kind", ["a", "b"] * 30)},
        r"a\.csv has no columns to learn from",
    ),
}


IMAGES = {
    "no folder": ({}, r"path: pets does not exist"),
    "a file": ({"pets": text}, r"path: pets is a file, not a folder"),
    "no class folders": ({"pets/1.png": png}, r"path: pets.*"),
    "one class": (
        {f"pets/cat/{row}.png": png for row in range(9)},
        r"path: pets must hold two class folders or more, got 1",
    ),
    "no images": (
        {"pets/cat/a.txt": text, "pets/dog/b.txt": text},
        r"path: pets/cat holds no images",
    ),
    "empty class": (lambda: pets() | {"pets/bird/.hidden": b""}, r"path: pets/bird holds no images"),
    "cut off": (lambda: pets(pets__cat__3=cut_off()), r"pets/cat/3\.png cannot be read: "),
    "zero bytes": (lambda: pets(pets__cat__3=b""), r"pets/cat/3\.png is no image"),
    "text": (lambda: pets(pets__cat__3=text()), r"pets/cat/3\.png is no image"),
    "bomb": (lambda: pets(pets__cat__3=bomb()), r"pets/cat/3\.png has more than the \d+ pixels"),
    "another size": (lambda: pets(pets__cat__3=png(9, 8)), r"pets/cat/3\.png: must have 8 x 8 pixels, got 9 x 8"),
    "too few of a class": (
        lambda: pets() | {"pets/bird/1.png": png(), "pets/ant/1.png": png()},
        r"test_size: .* class ant has 1",
    ),
    "unknown class in val": (
        lambda: {f"pets/train/{name[5:]}": own for name, own in pets().items()} | {"pets/val/bird/1.png": png()},
        r"path: pets/val/bird is a class that train does not have",
    ),
    "unknown split": (
        lambda: {f"pets/train/{name[5:]}": own for name, own in pets().items()} | {"pets/tset/cat/1.png": png()},
        r"path: pets/tset is neither train, val, valid nor test",
    ),
}
