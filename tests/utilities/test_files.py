import pytest

from litclf import InputError
from litclf.utilities.files import replacing


def test_the_file_appears_whole_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert beside.suffix == ".txt"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "rule"), [("none/a.txt", "there is no folder"), (".", "is a folder")])
def test_what_cannot_be_written_is_refused_first(tmp_path, name, rule):
    with pytest.raises(InputError, match=rule), replacing(tmp_path / name):
        pytest.fail("nothing may be worked out for it")
