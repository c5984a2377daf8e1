import pytest

from litclf import InputError
from litclf.data.sources.reading import TableReader


@pytest.fixture
def read(tmp_path):
    def read(content, **arguments):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        return TableReader(tmp_path / "a.csv").read(**arguments).to_dict("list")

    return read


@pytest.mark.parametrize(
    ("content", "x"),
    [
        ("x;k\n1,5;a\n-2;b\n", ["1.5", "-2"]),
        ('x;k\n"1,5";a\n",5";b\n', ["1.5", ".5"]),
        ("x;k\n1,234;a\n2,345;b\n", ["1.234", "2.345"]),  # semicolons: German
        ("x;k\n(1,5);a\n2,0-;b\n", ["(1.5)", "2.0-"]),  # negative in accounts
        ("x;k\n1,5e-7;a\n2,;b\n", ["1.5e-7", "2."]),
        ("x\tk\n1,25\ta\n1,234\tb\n", ["1.25", "1.234"]),
        ("x|k\n0,250|a\n1,234|b\n", ["0.250", "1.234"]),
        ('x,k\n"1,5",a\n"2,25",b\n', ["1.5", "2.25"]),
        ("x k\n1,5 a\n2,25 b\n", ["1.5", "2.25"]),
        ("x;k\n1.234;a\n2.5;b\n", ["1.234", "2.5"]),
        ("x;k\n1,5;a\n?;b\n", ["1.5", "?"]),
        ("x;k\nred, 1,5;a\nblue;b\n", ["red, 1,5", "blue"]),
        ('x,k\n"1,234,567",a\n"2,000",b\n', None),
    ],
)
def test_decimal_commas_become_points(content, x, read):
    if x is None:
        with pytest.raises(InputError, match="column x has '2,000', whose mark may be one for thousands"):
            read(content)
    else:
        assert read(content) == {"x": x, "k": ["a", "b"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x;k\n1,5;a\n1.5;b\n", "line 2, column x has '1,5', but line 3 with '1.5' has a decimal point"),
        ("x;y;k\n1,5;1.234;a\n2;950;b\n", "line 2, column y has '1.234', whose mark may be .*have decimal commas"),
        ("x;y;k\n1.5;1,234;a\n2;950;b\n", "line 2, column y has '1,234', whose mark may be .*have decimal points"),
        ("x\tk\n1,234\ta\n2,345\tb\n", "line 2, column x has '1,234', whose mark may be one for thousands"),
    ],
)
def test_doubt_is_refused_but_for_columns_of_text(content, message, read):
    with pytest.raises(InputError, match=message):
        read(content)
    assert read(content, as_text=["x", "y"])["k"] == ["a", "b"]


def test_text_that_is_asked_for_is_kept(read):
    assert read("x;k\n1,5;a\n2,5;b\n", as_text=["x"])["x"] == ["1,5", "2,5"]


def chunked(tmp_path, monkeypatch, rows):
    monkeypatch.setattr("litclf.data.sources.text_file.BLOCK", 64)
    (tmp_path / "a.csv").write_text("\n".join(["x\tk", *rows]) + "\n")
    return [value for part in TableReader(tmp_path / "a.csv").chunks(["x"]) for value in part.values["x"]]


def test_pieces_are_read_as_the_whole(tmp_path, monkeypatch):
    assert chunked(tmp_path, monkeypatch, ["0,5\ta"] * 50 + ["1,234\tb"] * 50) == ["0.5"] * 50 + ["1.234"] * 50
    with pytest.raises(InputError, match=r"line 52, column x has '1\.234', whose mark|but line 52 with '1.234'"):
        chunked(tmp_path, monkeypatch, ["0,5\ta"] * 50 + ["1.234\tb"] * 50)
    with pytest.raises(InputError, match="column x has '1,234', whose mark may be one for thousands"):
        chunked(tmp_path, monkeypatch, ["1,234\ta"] * 100)


def test_what_later_pieces_tell_does_not_reach_back(tmp_path, monkeypatch):
    """The text that is left is no number, which the preparation refuses with its line."""
    values = chunked(tmp_path, monkeypatch, ["1,234\ta"] * 50 + ["0,5\tb"] * 50)
    assert (values[0], values[-1]) == ("1,234", "0.5")
