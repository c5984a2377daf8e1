"""A workshop for forged files, and a watch over what the process does while it is handed one."""

import functools
import hashlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import torchvision  # noqa: F401  tries names of its own as it is loaded, which is none of an attack

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit
from litclf.cli.main import main
from litclf.runs.checkpoint_file import read, save

FORBIDDEN = (
    *("os.system", "os.exec", "os.fork", "os.forkpty", "os.spawn", "os.posix_spawn", "os.startfile"),
    *("subprocess.Popen", "socket.connect", "socket.bind", "socket.getaddrinfo", "pty.spawn", "webbrowser.open"),
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
REMOVALS = ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree")
CACHES = (Path(sys.prefix), Path(sys.base_prefix), Path.home() / ".cache", Path.home() / ".config", Path("/dev/null"))


@functools.cache
def known():
    """Names of the modules that are installed; to list them takes a while."""
    return sys.stdlib_module_names | packages_distributions().keys() | {"litclf", "__main__"}


class Watch:
    """Notes forbidden deeds of this process while it is on; an audit hook cannot be removed, only be silent."""

    def __init__(self):
        self.on, self.deeds, self.folder = False, [], None
        sys.addaudithook(self.hook)

    def hook(self, event, args):
        if not self.on:
            return
        if event in FORBIDDEN:
            self.deeds.append((event, str(args[0])))
        elif event == "import" and args[0].partition(".")[0] not in known():
            self.deeds.append((event, args[0]))
        elif event in REMOVALS or (event == "open" and isinstance(args[0], str | bytes) and args[2] & WRITES):
            path = Path(os.path.realpath(os.fsdecode(args[0])))
            compiled = path.suffix == ".pyc" or "__pycache__" in path.parts
            if not compiled and not any(path.is_relative_to(folder) for folder in (self.folder, *CACHES)):
                self.deeds.append((event, str(path)))


WATCH = Watch()


class Attack:
    """Where the exploits of a test would leave their sentinel, and how what they are handed to is watched."""

    def __init__(self, folder):
        self.folder = folder
        self.sentinel = folder / "sentinel"
        (folder / "stranger.py").write_text(
            f"import pathlib\npathlib.Path({str(self.sentinel)!r}).touch()\nclass Thing: pass\ndef call(*args): pass\n"
        )

    def refused(self, call, *args):
        """Checks that ``call`` refuses, in one line, and that nothing else came of it; returns the line."""
        return self._watched(lambda: pytest.raises(InputError), call, *args)

    def harmless(self, command, *args):
        """Checks that a command ends by itself and that nothing of the exploit came of it; returns its exit code."""
        self.deeds_of(lambda: setattr(self, "code", main([command, *map(str, args)])))
        return self.code

    def deeds_of(self, call):
        WATCH.folder, WATCH.deeds, WATCH.on = self.folder.resolve(), [], True
        try:
            call()
        finally:
            WATCH.on = False
            assert not self.sentinel.exists(), "the exploit has run"
            assert WATCH.deeds == []
            assert "stranger" not in sys.modules

    def _watched(self, expected, call, *args):
        def tried():
            with expected() as error:
                call(*args)
            self.line = str(error.value)

        self.deeds_of(tried)
        assert "\n" not in self.line
        return self.line


@pytest.fixture
def attack(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Attack(tmp_path)


@pytest.fixture
def refused_command(attack, capsys):
    """Runs a command that must be refused with exit code 2 and one line; returns the line."""

    def run(*args):
        capsys.readouterr()
        code = attack.harmless(*args)
        lines = capsys.readouterr().err.strip().splitlines()
        assert (code, len(lines)) == (2, 1), lines
        assert lines[0].startswith("error: ")
        assert "; fix: " in lines[0]
        return lines[0]

    return run


@pytest.fixture(scope="session")
def honest(tmp_path_factory):
    """A run folder that litclf made."""
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path_factory.mktemp("honest")}
    model = BinaryClassifier(hidden_dims=[4])
    return fit(model, CirclesDataModule(num_samples=100, noise=0.1), name="circles", **settings).folder


@pytest.fixture
def run(honest, attack):
    """A copy of it, to be forged."""
    return shutil.copytree(honest, attack.folder / "run")


@pytest.fixture
def best(run):
    return run / "checkpoints" / "best.ckpt"


@pytest.fixture
def forge(best):
    """Changes the content of the checkpoint by a function, and signs it as litclf does."""

    def forged(change):
        content = read(best)
        change(content)
        save(content, best)
        return best

    return forged


@pytest.fixture
def repack(best):
    """Writes the archive of the checkpoint anew: ``change`` is given and returns its members; returns the file."""

    def repacked(change, sign=False):
        with zipfile.ZipFile(best) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in change(members):
                archive.writestr(name, content)
        best.write_bytes(sign_bytes(buffer.getvalue()) if sign else buffer.getvalue())
        return best

    return repacked


def sign_bytes(content):
    """The archive with the checksum that litclf would give it; a stranger can compute one too."""
    content = content[:-2] + (78).to_bytes(2, "little")
    return content + b"litclf sha256 " + hashlib.sha256(content).hexdigest().encode()


@pytest.fixture
def signed():
    return sign_bytes


class Reduces:
    """Whatever a pickle is told to call when it is read."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def touch(path):
    return f"touch {path}"


PICKLES = {
    "os.system": lambda path: Reduces(os.system, touch(path)),
    "eval": lambda path: Reduces(eval, f"__import__('pathlib').Path({str(path)!r}).touch()"),
    "exec": lambda path: Reduces(exec, f"import os; os.mkdir({str(path)!r})"),
    "mkdir": lambda path: Reduces(os.mkdir, str(path)),
    "nested": lambda path: Reduces(
        list, Reduces(map, Reduces(getattr, Reduces(__import__, "os"), "mkdir"), [str(path)])
    ),
    "import": lambda _: Reduces(__import__, "stranger"),
    "subprocess": lambda path: Reduces(subprocess.call, ["touch", str(path)]),
}


@pytest.fixture(params=PICKLES)
def poison(request, attack):
    """An object whose pickle does harm when it is read."""
    return PICKLES[request.param](attack.sentinel)


@pytest.fixture
def pickled(poison):
    return pickle.dumps({"state_dict": {}, "hyper_parameters": {}, "poison": poison}, protocol=2)
