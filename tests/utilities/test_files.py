import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import litclf
from litclf import InputError
from litclf.utilities.files import flushes, link, naming, replacing, sweep, write_json, write_text


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


@pytest.mark.parametrize("write", [write_text, write_json], ids=["text", "json"])
def test_what_ends_in_the_middle_leaves_the_old_text(tmp_path, monkeypatch, write):
    path = tmp_path / "a.txt"
    write(path, "old")
    old = path.read_bytes()

    def half(beside, content):
        with beside.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(KeyboardInterrupt):
        write(path, "new")
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_json_holds_any_text_also_names_of_files_that_are_no_unicode(tmp_path):
    content = {"class_names": ["고양이", os.fsdecode(b"caf\xe9")], "score": 0.1}
    write_json(tmp_path / "a.json", content)
    assert json.loads((tmp_path / "a.json").read_bytes()) == content
    assert "고양이" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_nothing_in_the_package_writes_a_file_in_place():
    """All goes through the name beside; the one exception adds a row to a table whose last row may be short."""
    in_place = re.compile(r"\.write_(?:text|bytes)\(|open\((?:\w+, )?\"(?:r\+|[wax])")
    root, found = Path(litclf.__file__).parent, []
    for path in sorted(root.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        own = [line for line in lines if in_place.search(line) and not re.search(r">>>|^ *\.\.\. |beside", line)]
        found += [(str(path.relative_to(root)), line.strip().partition("(")[0]) for line in own]
    assert found == [("training/loggers/csv.py", "with self.path.open")]


@pytest.fixture(scope="module")
def stopped_process():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def test_leftovers_of_killed_writers_are_swept(tmp_path, stopped_process):
    kept = [tmp_path / name for name in ("last.ckpt", f".{os.getppid()}.last.ckpt", ".hidden.ckpt", ".1x.last.ckpt")]
    swept = [tmp_path / f".{number}.last.ckpt" for number in (stopped_process, os.getpid(), 10**30)]
    swept.append(tmp_path / f".{stopped_process}.report.html")
    for file in (*kept, *swept):
        file.write_text("")
    (tmp_path / f".{stopped_process}.folder.ckpt").mkdir()
    assert sorted(sweep(tmp_path)) == sorted(swept)
    assert all(file.exists() for file in kept)


@pytest.mark.parametrize(
    ("code", "written"),
    [
        *((code, True) for code in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM, errno.EBADF, errno.EISDIR)),
        *((code, False) for code in (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)),
    ],
    ids=str,
)
def test_a_system_that_cannot_flush_is_no_error_and_a_disk_that_fails_is_one(code, written, tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    path = tmp_path / "a.txt"
    if written:
        write_text(path, "whole")
        assert path.read_text() == "whole"
        assert not flushes(tmp_path)
    else:
        with pytest.raises(OSError, match=re.escape(os.strerror(code))):
            write_text(path, "whole")
        assert not list(tmp_path.iterdir())


def test_a_folder_that_may_be_written_into_and_not_read_is_one_that_cannot_be_flushed(tmp_path, monkeypatch):
    opened = os.open

    def refuse(path, flags, *args):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, flags, *args)

    monkeypatch.setattr(os, "open", refuse)
    write_text(tmp_path / "a.txt", "whole")
    assert not flushes(tmp_path)


def test_a_disk_that_fails_is_named(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error") as error:
        flushes(tmp_path)
    assert error.value.filename == str(tmp_path)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV, errno.EMLINK, None], ids=str)
def test_without_links_and_modes_the_content_alone_is_copied(code, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def no_links(*_):
        raise OSError(code, os.strerror(code))

    if code is None:
        monkeypatch.delattr(os, "link")
    else:
        monkeypatch.setattr(os, "link", no_links)
    for name in ("chmod", "utime"):
        monkeypatch.setattr(os, name, refuse)
    write_text(tmp_path / "best.ckpt", "first")
    link(tmp_path / "best.ckpt", tmp_path / "last.ckpt")
    assert (tmp_path / "last.ckpt").read_text() == "first"


def test_an_error_that_names_a_file_keeps_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"), naming(tmp_path):
        (tmp_path / "nothing.txt").read_text()
