import gzip
import lzma
import os
import shlex
import subprocess
import zipfile

import pandas as pd
import pytest

from litclf import InputError
from litclf.data.sources.reading import TableReader

CSV = b"x,kind\n1,a\n2,b\n"


def refusal(path):
    with pytest.raises(InputError) as error:
        TableReader(path)
    assert error.value.where == str(path)
    assert "\n" not in str(error.value)
    return error.value


@pytest.mark.parametrize("name", ["my data.csv.gz", "a.csv", "a.txt"])
@pytest.mark.parametrize(("pack", "what"), [(gzip.compress, "gzip"), (lzma.compress, "xz")])
def test_the_way_out_of_a_compressed_file_works_when_it_is_typed(name, pack, what, tmp_path):
    path = tmp_path / name
    path.write_bytes(pack(CSV))
    error = refusal(path)
    assert error.what == f"is compressed by {what}"
    command, _, plain = error.fix.partition(", and pass ")
    try:
        subprocess.run(command, shell=True, check=True)
    except subprocess.CalledProcessError:
        pytest.skip(f"needs the program of {what}")
    (plain,) = shlex.split(plain)
    assert TableReader(plain).read()["kind"].tolist() == ["a", "b"]


def test_parquet_by_another_name_is_renamed_by_the_way_out(tmp_path):
    pd.DataFrame({"x": [1], "kind": ["a"]}).to_parquet(tmp_path / "it's.csv", engine="pyarrow")
    error = refusal(tmp_path / "it's.csv")
    assert error.what == "is a Parquet file by another name"
    subprocess.run(error.fix.partition(", and pass")[0], shell=True, check=True)
    assert TableReader(tmp_path / "it's.parquet").read()["kind"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.xlsx", "xl/workbook.xml", "is a spreadsheet"),
        ("a.csv", "xl/workbook.xml", "is a spreadsheet"),
        ("a.zip", "a.csv", "is a zip archive"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook"),
        ("a.csv", b"\n<!DOCTYPE html><html>", "is a web page"),
        ("a.csv", b"\xef\xbb\xbf<?xml version='1.0'?>", "is an XML file"),
        ("a.csv", b'[{"x": 1}]', "is a JSON file"),
        ("a.db", b"SQLite format 3\x00", "is an SQLite database"),
        ("a.parquet", gzip.compress(CSV, mtime=0), "is compressed by gzip"),
        ("a.dat", CSV, "must be a .csv, .tsv, .txt or .parquet file, got '.dat'"),
    ],
)
def test_other_formats_are_told_by_their_content(name, content, what, tmp_path):
    path = tmp_path / name
    if isinstance(content, str):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(content, "1")
    else:
        path.write_bytes(content)
    assert refusal(path).what == what


@pytest.mark.parametrize("path", ["-", "/dev/stdin", "/dev/fd/0", "/dev/null"])
def test_streams_are_refused_as_what_they_are(path):
    what = "a pipe or a device" if path == "/dev/null" else "the standard input"
    assert refusal(path).what == f"is {what}, and a table is read twice"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    assert refusal(tmp_path / "a.csv").what.startswith("is a pipe or a device")
