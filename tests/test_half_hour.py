"""A new user's half hour: everything typed into a real terminal and looked at in a browser, in the user's order.

What is on the screen at each step is asserted by what it must tell.
"""

import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from selenium.webdriver.common.by import By
from sklearn.datasets import load_iris

from litclf.utilities.text import width

PROJECT = Path(__file__).parents[1]
PATIENCE = 300

pytestmark = pytest.mark.slow  # minutes: a dozen commands, each a process of its own that loads PyTorch


@dataclass(frozen=True)
class Screen:
    """What a command left on a terminal: its text, as written and as seen, the exit code, and seconds to the first."""

    written: str
    code: int
    first: float
    seconds: float

    @property
    def lines(self):
        """The lines as they are seen: without colours, and of what was written over the last."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\[\?[0-9]+[hl]", "", self.written)
        return [line.rstrip("\r").split("\r")[-1].rstrip() for line in plain.split("\n")]

    @property
    def text(self):
        """All that is seen, whatever line it stands in."""
        return " ".join(" ".join(self.lines).split())

    def row(self, label):
        """What stands beside a label."""
        return next(line[12:] for line in self.lines if line.startswith(f"{label:11} "))


class Terminal:
    """A pseudo-terminal of some width in a folder, in which commands are typed as a user would."""

    def __init__(self, folder, path, columns=80, **env):
        self.folder, self.columns = folder, columns
        home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "TERM": "xterm-256color"}
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COLUMNS", "NO_COLOR")}
        self.env = kept | home | {"PATH": f"{path}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"} | env

    def run(self, command, at=None):
        """Types a command; ``at`` maps a text to what is done once it is on the screen, given the process's number."""
        begin, first, written, pending = time.monotonic(), None, "", dict(at or {})
        process, terminal = pty.fork()
        if not process:
            os.chdir(self.folder)
            os.execvpe("sh", ["sh", "-c", f"exec {command}"], self.env)
        ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 40, self.columns, 0, 0))
        try:
            while time.monotonic() < begin + PATIENCE:
                if not select.select([terminal], [], [], 0.2)[0]:
                    continue
                try:
                    found = os.read(terminal, 65536)
                except OSError:  # the other end is closed
                    break
                first = first or time.monotonic() - begin
                written += found.decode(errors="replace")
                for text in [text for text in pending if re.search(text, written)]:
                    pending.pop(text)(terminal, written)
            else:
                os.kill(process, signal.SIGKILL)
                raise AssertionError(f"{command} did not end: {written[-2000:]}")
        finally:
            os.close(terminal)
        _, status = os.waitpid(process, 0)
        return Screen(written, os.waitstatus_to_exitcode(status), first or 0.0, time.monotonic() - begin)


def interrupt(terminal, _):
    os.write(terminal, b"\x03")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of the programs of an environment that the project was installed into, as the README has it."""
    root = tmp_path_factory.mktemp("installed")
    source = root / "project"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source / name)
    shutil.copytree(PROJECT / "src", source / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    build = ["wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", root, source]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True)
    subprocess.run([sys.executable, "-m", "venv", root / ".venv"], check=True)
    python, ask = root / ".venv" / "bin" / "python", "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-c", ask], text=True).strip())
    # What the README's line would fetch is here already; nothing is taken from a network.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    install = ["install", "--no-deps", "--no-index", "--quiet", *root.glob("*.whl")]
    subprocess.run([python, "-m", "pip", *install], check=True)
    return root / ".venv" / "bin"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder the user works in, with a table of flowers that has a gap and a column of numbers of rows."""
    folder = tmp_path_factory.mktemp("home")
    flowers = load_iris(as_frame=True)
    frame = flowers.data.assign(species=[flowers.target_names[kind] for kind in flowers.target])
    frame.loc[3, "petal length (cm)"] = None
    frame.to_csv(folder / "flowers.csv", index=False)
    return folder


@pytest.fixture
def terminal(home, installed):
    return Terminal(home, installed)


def test_the_first_minutes(terminal, home, browser):
    line = next(line for line in (PROJECT / "README.md").read_text().splitlines() if line.startswith("python3 -m venv"))
    assert line.endswith(" && .venv/bin/litclf fit -c circles")
    usage = terminal.run("litclf --help")
    assert "litclf fit -c circles" in usage.text
    assert usage.code == 0

    fit = terminal.run("litclf fit -c circles --epochs 16")
    assert fit.code == 0
    # First what will be trained, long before PyTorch is loaded; then what is known of it, the bar, and the end.
    told = "fit  |data  |model  |run folder|parameters|engine|threads|.*steps in|.* train +val +test|best epoch|reading"
    places = [next(n for n, line in enumerate(fit.lines) if re.match(word, line)) for word in told.split("|")]
    assert places == sorted(places)
    assert fit.first < fit.seconds / 4
    assert re.search(r"accuracy +[\d.]+ +[\d.]+ +[\d.]+ \([\d.]+ to [\d.]+\)", fit.text)
    assert "\x1b[1maccuracy" in fit.written  # in bold
    assert (home / fit.row("report")).is_file()

    help_text = terminal.run("litclf fit -c circles --help")
    assert help_text.seconds < fit.seconds / 2
    assert "--model.lr 0.1" in help_text.text
    assert "Learning rate, positive" in help_text.text

    browser.get((home / fit.row("report")).as_uri())
    page = browser.find_element(By.TAG_NAME, "body").text
    accuracy = float(re.search(r"accuracy +[\d.]+ +[\d.]+ +([\d.]+)", fit.text)[1])
    assert f"{accuracy:.2f}" in page or f"{accuracy:.1%}" in page.replace(" %", "%")
    assert browser.get_log("browser") == []


def test_a_fit_can_be_stopped_and_goes_on(terminal):
    stopped = terminal.run("litclf fit -c centroids --epochs 500 --name long", at={r"epoch \d+/500": interrupt})
    assert stopped.code == 130
    way_on = re.search(r"litclf resume \S+", stopped.text)[0]
    resumed = terminal.run(f"{way_on} --time 1s --pictures false")
    assert resumed.code == 0
    assert resumed.row("resume") == way_on.split()[-1]


def test_from_a_table_to_a_page_that_answers(terminal, home, browser):
    looked = terminal.run("litclf check-data flowers.csv")
    assert looked.code == 0
    assert all(word in looked.text for word in ("150", "species", "setosa", "missing", "petal length (cm)"))

    drafted = terminal.run("litclf init flowers.csv")
    assert drafted.row("written") == "flowers.yaml"
    fit = terminal.run(f"{drafted.row('train')} --epochs 8 --early_stop 3")
    assert fit.code == 0
    assert fit.row("run folder") == "lightning_logs/flowers/version_0"
    assert "TableDataModule: path flowers.csv, target species" in fit.text
    worse = terminal.run("litclf fit -c flowers.yaml --epochs 1 --lr 1e-6 --pictures false")
    assert worse.code == 0

    tested = terminal.run("litclf test --ckpt_path lightning_logs/flowers")
    assert "version_1 of 2 is taken, the latest" in tested.text
    predicted = terminal.run("litclf predict --ckpt_path lightning_logs/flowers/best --input flowers.csv")
    assert "version_0 of 2 is taken, the best" in predicted.text
    assert (home / predicted.row("written").split("  ")[0]).is_file()
    point = terminal.run("litclf predict --ckpt_path lightning_logs/flowers/version_0 --point 5,3,1.5,0.2")
    assert "class setosa" in point.text
    compared = terminal.run("litclf compare lightning_logs/flowers/version_0 lightning_logs/flowers/version_1")
    assert "flowers/version_0 is the better one" in compared.text

    def ask(screen, written):
        browser.get(re.search(r"http://[\d.:]+\d", written)[0])
        pages.append(browser.find_element(By.TAG_NAME, "body").text)
        interrupt(screen, written)

    pages = []
    served = terminal.run("litclf serve --ckpt_path lightning_logs/flowers/version_0", at={r"http://[\d.:]+\d\D": ask})
    assert served.code == 130
    assert "petal length (cm)" in pages[0]


MISTAKES = {
    "litclf fitt -c circles": ("fitt", "did you mean fit?"),
    "litclf fit -c cirlces": ("-c", "did you mean circles?"),
    "litclf fit -c circles --model.learning_rate 1": ("--model.learning_rate", "did you mean --model.lr?"),
    "litclf fit -c circles --data.class_weights true": ("--data.class_weights", "it is one of TableDataModule"),
    "litclf fit -c circles --lr fast": ("--lr", "must be a number"),
    "litclf fit -c circles --lr=-1": ("--lr", "must be positive"),
    "litclf fit -c circles --model.hidden_dims 20,20": ("--model.hidden_dims", "--model.hidden_dims '[20, 20]'"),
    "litclf fit -c circles --model.activation rellu": ("--model.activation", "did you mean relu?"),
    "litclf fit --model BinaryClassifier --data BlobsDataModule": ("model", "MulticlassClassifier"),
    "litclf fit -c circles --trainer.logger+=NoLogger": ("--trainer.logger", "no class"),
    "litclf check-data flower.csv": ("flower.csv", "did you mean flowers.csv?"),
    "litclf fit flowers.csv": ("flowers.csv", "litclf init flowers.csv"),
    "litclf test": ("--ckpt_path", "litclf test --ckpt_path"),
    "litclf predict --ckpt_path nowhere": ("--ckpt_path", "or a run folder"),
    "litclf report lightning_logs/circels": ("lightning_logs/circels", "did you mean lightning_logs/circles?"),
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_a_line_with_a_way_out(command, terminal, home):
    (home / "lightning_logs" / "circles").mkdir(parents=True, exist_ok=True)
    where, way_out = MISTAKES[command]
    screen = terminal.run(command)
    told = screen.text.split("error: ")[1:]
    assert screen.code == 2
    assert len(told) == 1
    assert told[0].startswith(f"{where}: ")
    assert "; fix: " in told[0]
    assert way_out in told[0]
    assert "Traceback" not in screen.text


def test_on_a_narrow_terminal_without_colours(home, installed):
    narrow = Terminal(home, installed, columns=60, NO_COLOR="1")
    fit = narrow.run("litclf fit -c blobs --pictures false")
    assert fit.code == 0
    assert not re.search(r"\x1b\[[1-9]\d*m", fit.written)
    assert max(map(width, fit.lines)) <= 60
    assert "val accuracy" in fit.text
