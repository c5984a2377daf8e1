import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litclf import InputError
from litclf.inference.rows import read_rows, row_writer


def copied(source, target):
    with row_writer(target) as write:
        for _, batch in read_rows(source):
            write(batch)
    return target


def test_values_of_text_are_written_as_they_were(tmp_path):
    text = 'number,code,"a ""quoted"", name"\n1.50,007,plain\n-1e-3,7,"with, comma"\n2,,"with ""quotes"""\n'
    (tmp_path / "a.csv").write_text(text)
    again = copied(tmp_path / "a.csv", tmp_path / "b.csv")
    pd.testing.assert_frame_equal(
        pd.read_csv(again, dtype=str, keep_default_na=False),
        pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False),
    )


def test_plain_values_are_not_quoted(tmp_path):
    (tmp_path / "a.csv").write_text("x,name\n1.5,one\n2.5,two\n")
    assert copied(tmp_path / "a.csv", tmp_path / "b.csv").read_text() == "x,name\n1.5,one\n2.5,two\n"


def test_types_of_parquet_are_kept_in_every_piece(tmp_path):
    rows = 200_000  # several pieces, of which the last alone has missing values
    values = pa.array([None if row == rows - 1 else row for row in range(rows)], pa.int32())
    table = pa.table({"whole": values, "time": pa.array(np.arange(rows), pa.timestamp("ms")), "text": ["a"] * rows})
    pq.write_table(table, tmp_path / "a.parquet")
    assert pq.read_table(copied(tmp_path / "a.parquet", tmp_path / "b.parquet")).equals(table)


def test_a_column_without_a_value_in_one_piece_stays_text(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,\n2,\n")
    assert pq.read_schema(copied(tmp_path / "a.csv", tmp_path / "b.parquet")).types == [pa.string(), pa.string()]


def test_an_ending_without_a_format_is_refused(tmp_path):
    with (
        pytest.raises(InputError, match=r"must end in \.csv or \.parquet, got b\.xlsx"),
        row_writer(tmp_path / "b.xlsx"),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_text_is_passed_on_to_the_letter(delimiter, tmp_path):
    rows = [["100000000000000001", "NA", " x ", "1,5"], ["007", "None", "", "+2,50"], ["1e3", "null", "-", "TRUE"]]
    frame = pd.DataFrame(rows, columns=["id", "a", "b", "number"])
    frame.to_csv(tmp_path / "a.csv", index=False, sep=delimiter)
    (read, batch) = next(read_rows(tmp_path / "a.csv"))
    assert read["a"].isna().all()
    assert batch.column("number").to_pylist() == ["1,5", "+2,50", "TRUE"]
    again = pd.read_csv(copied(tmp_path / "a.csv", tmp_path / "b.csv"), dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(again, frame)


def test_large_whole_numbers_of_parquet_keep_their_bits_beside_missing_ones(tmp_path):
    table = pa.table({"id": pa.array([10**17 + 1, None], pa.int64()), "x": [0.1, 0.2]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert pq.read_table(copied(tmp_path / "a.parquet", tmp_path / "b.parquet")).equals(table)


def test_what_is_known_of_the_reading_is_told_where_nothing_is_refused(tmp_path, capsys):
    (tmp_path / "a.csv").write_bytes("größe;k\n1,5;a\n1.5;b\n".encode("cp1252"))
    with pytest.raises(InputError, match="decimal point"):
        list(read_rows(tmp_path / "a.csv", ["größe"]))
    assert capsys.readouterr().err == ""
    list(read_rows(tmp_path / "a.csv"))
    note = f"note        {tmp_path / 'a.csv'} is not UTF-8 and was read as Windows-1252, such as 'größe'"
    assert capsys.readouterr().err.startswith(note)
    (frame, _) = next(read_rows(tmp_path / "a.csv", [], "cp949"))
    assert frame.columns[0] != "größe"
    with pytest.raises(
        InputError, match=r"must be text in utf-8, got other bytes; fix: .* pass --encoding with its name"
    ):
        next(read_rows(tmp_path / "a.csv", [], "utf-8"))


def test_bytes_are_written_as_the_text_they_are_or_refused(tmp_path):
    kinds = {"bytes": [b"a,b"], "view": pa.array(["x"], pa.string_view()), "time": pa.array([1], pa.timestamp("ns"))}
    pq.write_table(pa.table(kinds), tmp_path / "a.parquet")
    text = copied(tmp_path / "a.parquet", tmp_path / "b.csv").read_text()
    assert text == 'bytes,view,time\n"a,b","x",1970-01-01 00:00:00.000000001\n'
    pq.write_table(pa.table({"blob": [b"\xff\x80"]}), tmp_path / "a.parquet")
    with pytest.raises(
        InputError, match=r"column blob .* bytes that are no text; fix: pass --output predictions\.parquet"
    ):
        copied(tmp_path / "a.parquet", tmp_path / "b.csv")
    assert pq.read_table(copied(tmp_path / "a.parquet", tmp_path / "b.parquet")).to_pydict() == {"blob": [b"\xff\x80"]}
