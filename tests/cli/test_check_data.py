import json
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from litclf import InputError
from litclf.cli.check_data import main
from litclf.data.audit.findings import Finding, Report


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    """A table of two classes, with an id; and an empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"id": range(40), "길이": [0.5, 1.5, 0.7, 0.9] * 10, "y": ["no", "yes", "no", "no"] * 10})
    frame.to_csv("a.csv", index=False)


def test_findings_read_as_sentences():
    finding = Finding("constant", ["column a", "column b", "column c", "column d"], "hold one value only")
    assert str(finding) == "column a, column b, column c and 1 more hold one value only"
    report = Report({"rows": 3, "columns": [{"column": "가나", "mean": 1.23456}]}, [finding])
    assert report.text().splitlines() == [
        "rows        3",
        "",
        "column   mean",
        "가나    1.235",
        "",
        f"constant    {finding}",
    ]


def test_what_training_deals_with_is_not_mentioned_at_a_fit():
    assert Report(findings=[Finding("missing", ["column a"], "lacks 1 of 3 values")]).lines() == []


def test_file_is_looked_at_and_reported(tmp_path, capsys):
    assert main(["a.csv"]) == 0
    out = capsys.readouterr().out
    assert "y (guessed)" in out
    assert "leak        column 길이 gives the class away" in out
    assert out.endswith("written     data_report.json\n")
    report = json.loads((tmp_path / "data_report.json").read_text(encoding="utf-8"))
    assert {
        "kind": "row numbers",
        "where": ["column id"],
        "message": "counts the rows: it should be dropped",
    } in report["findings"]
    assert report["summary"]["rows"] == 40


@pytest.mark.parametrize(
    "args",
    [
        ["a.csv", "--target", "y"],
        ["--data", "TableDataModule", "--data.path", "a.csv", "--data.target", "y"],
        ["-c", "table", "--data.path", "a.csv", "--data.target=y"],
    ],
)
def test_every_way_to_name_a_table_gives_the_same_report(args, tmp_path):
    assert main([*args, "--output", "r.json"]) == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert [finding["kind"] for finding in report["findings"]] == ["leak", "row numbers"]


def test_data_of_a_preset_and_folders_are_looked_at(capsys):
    assert main(["-c", "circles", "--data.num_samples", "50"]) == 0
    assert "train 40, val 5, test 5" in capsys.readouterr().out
    for name in ("images/a", "images/b"):
        for row in range(3):
            Path(name).mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 4), row).save(f"{name}/{row}.png")
    assert main(["images"]) == 0
    out = capsys.readouterr().out
    assert "images      6" in out
    assert "odd" not in out
    assert main(["--data", "ImagesDataModule", "--data.path", "images"]) == 0
    assert capsys.readouterr().out == out
    Path("images/a/0.png").write_bytes(b"")  # the DataModule would refuse it; the look at it tells the whole folder
    assert main(["--data", "ImagesDataModule", "--data.path", "images"]) == 0
    assert "images/a/0.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "check-data: needs either a file or folder, or data"),
        (["a.csv", "--data", "CirclesDataModule"], "check-data: needs either a file or folder, or data"),
        (["b.csv"], "b.csv: does not exist; fix: did you mean a.csv"),
        (["a.csv", "--target", "Y"], "target: a.csv has no column 'Y'"),
        (["--data", "CirclesDataModule", "--target", "y"], "--target: is for a table file"),
        (["--data", "CirclesDataModul"], "--data: .*CirclesDataModule"),
        (["--data", "CirclesDataModule", "--data.noise", "-1"], "noise: must be zero or more"),
        (["a.csv", "--output", "none/r.json"], "none/r.json: there is no folder none"),
    ],
)
def test_wrong_requests_are_refused_and_nothing_is_written(args, message, tmp_path):
    with pytest.raises(InputError, match=message):
        main(args)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_config_without_data_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("model: BinaryClassifier\n")
    with pytest.raises(InputError, match=r"c\.yaml has no data"):
        main(["-c", "c.yaml"])


def test_how_a_file_was_read_is_told_once_and_another_way_can_be_asked_for(tmp_path, capsys):
    rows = "".join(f"{i % 7},5;{'Größe' if i % 2 else 'Höhe'};\n" for i in range(40))
    (tmp_path / "b.csv").write_bytes(f"sep=;\nx;kind;\n{rows};;\n".encode("cp1252"))
    assert main(["b.csv"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("note        ")] == [
        "note        b.csv is not UTF-8 and was read as Windows-1252, such as 'Höhe'; where that is not what it says, "
        "pass another, such as --encoding cp1250",
        "note        b.csv: passed over line 43 without any value",
        "note        column Unnamed: 2 has neither a name nor a value: left out",
    ]
    assert "Größe 20 (50.0%)" in out
    assert len(json.loads((tmp_path / "data_report.json").read_text(encoding="utf-8"))["notes"]) == 3
    assert main(["b.csv", "--encoding", "latin-1"]) == 0
    assert "Windows-1252" not in capsys.readouterr().out
    with pytest.raises(InputError, match=r"must be text in utf-8, got other bytes; fix: .* --encoding with its name"):
        main(["b.csv", "--encoding", "utf-8"])
    with pytest.raises(InputError, match=r"^--encoding: must be an encoding of text, got 'utf8x'"):
        main(["b.csv", "--encoding", "utf8x"])


def test_what_a_report_proposes_is_an_option_of_the_command(tmp_path, capsys):
    frame = pd.DataFrame({"Unnamed: 9": [f"r{i}" for i in range(40)], "x": [-999, *(i % 13 / 7 for i in range(39))]})
    frame.assign(k=["?" if i % 3 else str(i) for i in range(40)], y=["a", "b"] * 20).to_csv("c.csv", index=False)
    assert main(["c.csv"]) == 0
    out = capsys.readouterr().out
    assert "pass --missing '[\"-999\"]'" in out
    assert "--missing '[\"?\"]' has it missing" in out
    assert "column Unnamed: 9 has a text of its own in most rows: it has to be dropped" in out
    args = ["c.csv", "--drop", '["Unnamed: 9", "k"]', "--missing", "[-999, n.a.]", "--categorical", "x"]
    assert main(args) == 0
    report = json.loads((tmp_path / "data_report.json").read_text(encoding="utf-8"))
    assert [(look["column"], look["kind"], look["missing"]) for look in report["summary"]["columns"]] == [
        ("x", "category", 1)
    ]
    with pytest.raises(InputError, match="--drop: is for a table file"):
        main(["--data", "CirclesDataModule", "--drop", "x"])
    with pytest.raises(InputError, match=r"--drop: must be a list of names, got \[a\]b\]; fix: quote the names"):
        main(["c.csv", "--drop", "[a]b]"])


def test_a_second_config_changes_the_data_of_the_first(tmp_path, capsys):
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "b.csv").write_text(f"no,x,yes\n{rows}")
    (tmp_path / "one.yaml").write_text("data: {class_path: TableDataModule, init_args: {path: b.csv, target: x}}\n")
    (tmp_path / "two.yaml").write_text("data: {init_args: {target: yes, drop: [no]}}\n")
    assert main(["-c", "one.yaml", "-c", "two.yaml"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"target +yes\n", out)
    assert re.findall(r"(?m)^(\S+) +(?:number|category) ", out) == ["x"]


def test_a_config_may_name_the_data_by_a_word(tmp_path, capsys):
    config = tmp_path / "short.yaml"
    config.write_text("model: BinaryClassifier\ndata: CirclesDataModule\n")
    assert main(["-c", str(config), "--output", str(tmp_path / "report.json")]) == 0
    assert "train 800, val 100, test 100" in capsys.readouterr().out
