from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from litclf import InputError, TableDataModule
from litclf.data.sources.reading import TableReader

ROWS = pd.DataFrame({"이름": ["가", "나, 다"], "size": ["1.5", "2"]})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encoding_and_delimiter_are_recognised(encoding, delimiter, line_end, tmp_path):
    path = tmp_path / "a.csv"
    ROWS.to_csv(path, index=False, encoding=encoding, sep=delimiter, lineterminator=line_end)
    assert TableReader(path).read().reset_index(drop=True).equals(ROWS)


def test_parquet_holds_what_is_stored(tmp_path):
    frame = pd.DataFrame({"a": [1.5, np.nan], "b": [True, False], "c": ["x", None]}, index=[7, 9])
    frame.to_parquet(tmp_path / "a.parquet")
    table = TableReader(tmp_path / "a.parquet").read()
    assert table.pop("__index_level_0__").tolist() == [7, 9]
    pd.testing.assert_frame_equal(table.reset_index(drop=True), frame.reset_index(drop=True))
    assert (table.index.name, list(table.index)) == ("row", [0, 1])


def test_text_stays_as_it_is_but_for_spaces_and_missing_values(tmp_path):
    (tmp_path / "a.csv").write_text("a, b \n 007 ,NA\n,  x y \n")
    table = TableReader(tmp_path / "a.csv").read()
    assert table.to_dict("list") == {"a": ["007", np.nan], "b": [np.nan, "x y"]}


@pytest.mark.parametrize(
    ("text", "name", "index"),
    [
        ("a,b\n1,2\n3,4\n", "line", [2, 3]),
        ("a,b\r\n1,2\r\n3,4", "line", [2, 3]),
        ('a,b\n"1\n1",2\n3,4\n', "row", [0, 1]),
        ("a,b\n1,2\n\n3,4\n", "row", [0, 1]),
        ("\n\na,b\n1,2\n3,4\n", "row", [0, 1]),
    ],
)
def test_rows_are_named_by_their_line_where_each_is_one(text, name, index, tmp_path):
    (tmp_path / "a.csv").write_text(text, newline="")
    table = TableReader(tmp_path / "a.csv").read()
    assert (table.index.name, list(table.index)) == (name, index)


def test_a_lost_quote_is_found_where_another_value_closes_it(tmp_path):
    rows = ['1,"one"', '2,"two', '3,"three"', "4,four"]
    (tmp_path / "a.csv").write_text("\n".join(["a,b", *rows, *rows]))
    with pytest.raises(InputError, match="line 3 begins a row that cannot be read"):
        TableReader(tmp_path / "a.csv").read()


def test_quotes_within_values_are_read(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n5" pipe,"6"" pipe"\n"x\ny",2"\n')
    assert TableReader(tmp_path / "a.csv").read().to_dict("list") == {"a": ['5" pipe', "x\ny"], "b": ['6" pipe', '2"']}
    (tmp_path / "b.csv").write_text('a,b\n"x" ,"y"\n')
    assert TableReader(tmp_path / "b.csv").read().to_dict("list") == {"a": ["x"], "b": ["y"]}


def test_chunks_are_the_whole_file(tmp_path, monkeypatch):
    monkeypatch.setattr("litclf.data.sources.text_file.BLOCK", 1000)
    frame = pd.DataFrame({"a": np.arange(2000).astype(str), "이름": "가"})
    frame.to_csv(tmp_path / "a.csv", index=False, encoding="cp949")
    chunks = [rows.values for rows in TableReader(tmp_path / "a.csv").chunks()]
    assert len(chunks) > 10
    assert pd.concat(chunks).reset_index(drop=True).equals(frame)
    assert list(pd.concat(chunks).index) == list(range(2, 2002))


def test_columns_without_a_name_get_that_of_pandas(tmp_path):
    pd.DataFrame({"a": [1, 2]}).to_csv(tmp_path / "a.csv")
    assert list(TableReader(tmp_path / "a.csv").read().columns) == ["Unnamed: 0", "a"]


def test_whole_numbers_that_count_up_may_be_names(tmp_path):
    pd.DataFrame(np.eye(3)).to_csv(tmp_path / "a.csv", index=False)
    assert list(TableReader(tmp_path / "a.csv").read().columns) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has no rows below its header"),
        (b"a,b\n1,\x00\n", "is no text: it holds zero bytes"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is an image"),
        (b"a,b\n1,\xff\x81\n", "line 2 must be text in UTF-8, CP949, Windows-1252 or the like"),
        (b"a,b\n1,2\n3\n", "line 3 must hold 2 values as the header does, got 1"),
        (b"a,b\n1,2\n\n3,4,5\n", "line 4 must hold 2 values as the header does, got 3"),
        (b'a,b\n1,2\n3,"4\n5,6\n7,8,9\n', "line 3 begins a row that cannot be read: unexpected end of data"),
        *((mark, "is empty") for mark in (b"", b"\xef", b"\xef\xbb\xbf", b"\xff\xfe")),
        (b"a,b,a\n1,2,3\n", "every column must have a name of its own, got 'a' more than once"),
        (b"5.1,3.5,a\n4.9,3.0,b\n", "line 1 must be a header, got the number 5.1 as the name of a column"),
        (b"7,3,1\n4,3,0\n", "line 1 must be a header, got the number 7 as the name of a column"),
    ],
)
def test_what_is_no_table_is_refused(content, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        TableReader(path).read()
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("b.csv", "does not exist; fix: did you mean .*a.csv"), ("a.xlsx", "must be a .csv, .tsv, .txt or .parquet file")],
)
def test_what_is_no_table_file_is_refused(name, message, tmp_path):
    (tmp_path / "a.csv").touch()
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match=message):
        TableReader(tmp_path / name).read()


@pytest.mark.parametrize("damage", ["no Parquet", "cut"])
def test_damaged_parquet_is_refused(damage, tmp_path):
    path = tmp_path / "a.parquet"
    ROWS.to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] if damage == "cut" else b"a,b\n1,2\n")
    with pytest.raises(InputError, match=r"a.parquet: is no Parquet file"):
        TableReader(path).read()


LINES = st.lists(
    st.lists(st.sampled_from(["1", "2.5", "-3e4", "cat", "", '"a,b"', "nan", "1e999", '"', "\x00", "가"]), max_size=4)
)
TEXTS = LINES.map(lambda rows: "\n".join(["a,b,y", *(",".join(row) for row in rows)]).encode())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80) | TEXTS | st.tuples(TEXTS, st.binary(max_size=5)).map(b"".join))
def test_any_bytes_give_a_dataset_or_a_refusal(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with suppress(InputError):
        data = TableDataModule(path=str(path), target="y", val_size=0.2, test_size=0.2)
        check_splits(data)


def check_splits(data):
    for x, y in data.splits.values():
        assert bool(torch.isfinite(x).all())
        assert not len(y) or 0 <= int(y.min()) <= int(y.max()) < data.num_classes
