import pytest

from litclf import InputError
from litclf.data.sources.dialect import find_dialect
from litclf.data.sources.reading import TableReader


@pytest.fixture
def read(tmp_path):
    def read(content, name="a.csv"):
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        reader = TableReader(tmp_path / name)
        table = reader.read()
        return table, [note.removeprefix(f"{tmp_path / name}: ") for note in reader.notes]

    return read


BODY = "x,y,kind\n1,2.5,a\n3,4.5,b\n5,,a\n"
TABLE = {"x": ["1", "3", "5"], "y": ["2.5", "4.5", None], "kind": ["a", "b", "a"]}


def same(table, expected=TABLE):
    return table.astype(object).where(table.notna(), None).to_dict("list") == expected


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;", "sep=;;;", "sep=|", "sep=\t", "sep=:"])
def test_a_separator_line_is_passed_over_and_taken(line, read):
    delimiter = line.strip('\ufeff"')[4]
    table, notes = read(f"{line}\n" + BODY.replace(",", delimiter))
    assert same(table)
    assert notes == []


def test_a_separator_line_that_is_wrong_is_not_obeyed(read):
    assert same(read("sep=;\n" + BODY)[0])


@pytest.mark.parametrize(
    ("above", "line", "first"),
    [
        ("# made by a logger\n", 2, "# made by a logger"),
        ("# a, b, c\n# d\n", 3, "# a"),
        ("Results,,\n", 2, "Results"),
        ("Results of 2024\nby me\n", 3, "Results of 2024"),
        (",,\nResults,,\n,,\n", 4, "Results"),
        ('"A title, with a comma"\n\n', 3, "A title, with a comma"),
    ],
)
def test_what_stands_above_the_header_is_passed_over_and_told(above, line, first, read):
    table, notes = read(above + BODY)
    assert same(table)
    assert notes[0] == f"passed over what stands above the header in line {line}: '{first}'"
    if table.index.name == "line":
        assert table.index[0] == line + 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "Results of us\nname,kind\nx,a\ny,b\n",
            "line 1 has 1 value and the rows below have 2, .*is line 1 the header",
        ),
        ("Results, all\nx,y,kind\na,b,c\n", "line 1 has 2 values and the rows below have 3, as if each row had a name"),
        ("x y kind\n1 2 a\n3   b\n4 5 a\n", "line 3 has 2 values parted by spaces, and the header 3; fix: write NA"),
        ("x,y,kind,more\n1,2,a\n3,4,b\n", "line 1 has 4 values and the rows below have 3: is line 1 the header?"),
        ("x,y,kind\ncm,cm,-\n1,2,a\n3,4,b\n", "line 2 has words where all lines below have numbers, such as 'cm'"),
        ("x,y,kind\n1.5,2,a,\n1.5,3,a,no\n1.5,3,a,no\n", "line 1 has 3 values and the rows below have 4"),
    ],
)
def test_an_odd_line_is_named(content, message, read):
    with pytest.raises(InputError, match=message):
        read(content)


def test_a_missing_word_is_no_unit(read):
    table, _ = read("x,y,kind\nNA,2,a\n1,2,a\n3,,b\n")
    assert len(table) == 3


@pytest.mark.parametrize("times", [1, 3])
def test_delimiters_at_the_ends_of_lines_make_no_column_with_values(times, read):
    lines = BODY.splitlines()
    ends = "," * times
    table, notes = read("\n".join([lines[0] + ends, *lines[1:]]))
    assert same(table)
    assert notes == ["line 1, the header, ends in a delimiter: its last, empty name is left out"]
    for header in (lines[0], lines[0] + ends):
        table, notes = read("\n".join([header, *(line + ends for line in lines[1:])]))
        assert list(table.columns) == ["x", "y", "kind", *(f"Unnamed: {3 + place}" for place in range(times))]
        assert not table.iloc[:, 3:].notna().any(axis=None)


def test_row_names_are_a_column_without_a_name_and_told(read):
    table, notes = read('"x"\t"kind"\n"1"\t4.5\t"a"\n"2"\t5\t"b"\n', "a.tsv")
    assert table.to_dict("list") == {"Unnamed: 0": ["1", "2"], "x": ["4.5", "5"], "kind": ["a", "b"]}
    assert "the header has 2 names and each row 3 values" in notes[0]


def test_empty_rows_and_repeated_headers_are_passed_over_and_counted(read):
    table, notes = read(BODY.replace("3,4.5", ",,\nx,y,kind\n3,4.5") + " , ,\n")
    assert same(table)
    assert list(table.index) == [2, 5, 6]
    assert notes == ["passed over line 3 and 1 more without any value", "passed over line 4 that repeats the header"]


def test_a_file_that_was_written_at_the_end_of_another_is_read_on(read):
    table, notes = read("\ufeff" + BODY + "\ufeff" + BODY)
    assert table["x"].tolist() == ["1", "3", "5"] * 2
    assert notes == ["passed over line 5 that repeats the header"]
    table, _ = read("\ufeff" + BODY + "\ufeff" + BODY.partition("\n")[2])
    assert table["x"].tolist() == ["1", "3", "5"] * 2


def test_a_header_alone_has_no_rows(read):
    for end in ("", "\n", "\n\n"):
        with pytest.raises(InputError, match="has no rows below its header"):
            read("x,y" + end)


def test_a_table_that_pandas_wrote_twice_has_two_columns_without_a_name(read):
    table, _ = read(",Unnamed: 0,x\n0,0,1.5\n1,1,2.5\n")
    assert list(table.columns) == ["Unnamed: 0.1", "Unnamed: 0", "x"]


@pytest.mark.parametrize(
    "content",
    [
        "x y kind\n1 2.5 a\n3 4.5 b\n5 6 a\n",
        "x   y   kind\n  1 2.5    a\n  3 4.5    b\n  5   6    a   \n",
        '"x" "y" "kind"\n1 2.5 "a"\n3 4.5 "b"\n5 6 "a"\n',
    ],
)
def test_spaces_of_any_number_part_values(content, read):
    table, notes = read(content, "a.txt")
    assert same(table, TABLE | {"y": ["2.5", "4.5", "6"]})
    assert notes == ["spaces part the values: 3 columns"]


def test_row_names_of_r_are_told_from_columns_that_spaces_part(read):
    table, _ = read('"x" "kind"\n"a b" 1.5 "u  v"\n"c" 2.5 "w"\n', "a.txt")
    assert table.to_dict("list") == {"Unnamed: 0": ["a b", "c"], "x": ["1.5", "2.5"], "kind": ["u  v", "w"]}


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("length, cm;width, cm;kind\n1,5;2,5;a\n2,5;3,5;b\n", ["length, cm", "width, cm", "kind"]),
        ("first name,kind\nBob Smith,a\nAnn Lee,b\n", ["first name", "kind"]),
        ("tags,kind\nk1;k2,a\nk3;k4,b\n", ["tags", "kind"]),
        ("text\nhello world\na b c\n", ["text"]),
        ("x,kind\n1,a\n", ["x", "kind"]),
    ],
)
def test_the_delimiter_is_the_one_that_makes_columns(content, columns, read):
    table, _ = read(content)
    assert list(table.columns) == columns


@pytest.mark.parametrize("columns", [2000])
def test_a_header_of_any_length_is_read_at_once(columns, tmp_path):
    names = [f"{'a' * 200}{number}" for number in range(columns)]  # longer than a field may be for Python's reader
    (tmp_path / "a.csv").write_text("\n".join([",".join(names), *[",".join(["1"] * columns)] * 2]))
    assert list(TableReader(tmp_path / "a.csv").read().columns) == names


@pytest.mark.parametrize("delimiter", ["^", "~", "\x01", "\x1f"])
def test_rare_delimiters_are_taken_where_no_usual_one_is_there_and_said(delimiter):
    dialect = find_dialect([delimiter.join(row) + "\n" for row in (["size", "a kind"], ["1.5", "b c"], ["2.5", "d e"])])
    assert (dialect.delimiter, dialect.names) == (delimiter, ["size", "a kind"])
    assert dialect.notes == (f"{delimiter!r} parts the values: 2 columns",)
    assert find_dialect([f"a{delimiter}b,c\n", f"1{delimiter}2,3\n"]).delimiter == ","


@pytest.mark.parametrize(
    ("rule", "line", "edges"), [("|---|:-:|", 2, "|"), ("---+----", 2, ""), ("-- | -", 2, ""), ("+---+---+", 1, "|")]
)
def test_a_line_drawn_with_dashes_is_no_row(rule, line, edges, read):
    table = [f"{edges}{row}{edges}" for row in ("x | kind", *(f"{number} | {'ab'[number % 2]}" for number in range(9)))]
    with pytest.raises(InputError, match=f"line {line} is drawn with dashes and holds no values.*; fix: delete such"):
        read("\n".join([*table[: line - 1], rule, *table[line - 1 :], ""]))
    rows, _ = read("\n".join([*table, ""]))
    assert rows["x"].tolist() == [str(number) for number in range(9)]


def test_dashes_that_stand_for_missing_values_are_values(read):
    rows, _ = read("x|y|kind\n-|2.5|a\n--|-|b\n3|--|a\n")
    assert rows["x"].tolist() == ["-", "--", "3"]
