"""TensorBoard as `litclf dashboard` starts it, asked over HTTP and looked at in a browser."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from torch.utils.tensorboard import SummaryWriter

from litclf import InputError
from litclf.cli.dashboard import main, start

# TensorBoard's own copy of html5lib warns as it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:html5lib's sanitizer is deprecated:DeprecationWarning")


@pytest.fixture
def make_run(tmp_path):
    """Writes a run folder with a scalar."""

    def make_run(path):
        with SummaryWriter(tmp_path / path) as writer:
            for step in range(3):
                writer.add_scalar("train/loss", 1 / (step + 1), step)
        return tmp_path / path

    return make_run


@pytest.fixture
def dashboard():
    """Starts dashboards, which end with the test."""
    servers = []

    def dashboard(*runs):
        url, server = start(runs)
        servers.append(server)
        return url

    yield dashboard
    for server in servers:
        server.close()


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def runs_of(url, count):
    """Names of the runs shown, once there are ``count``: TensorBoard reads them after it has started."""
    end = time.monotonic() + 20
    while len(names := json.loads(fetch(f"{url}data/runs"))) < count and time.monotonic() < end:
        time.sleep(0.05)
    return sorted(names)


def test_a_single_run_is_shown_under_its_name(make_run, dashboard):
    url = dashboard(make_run("lightning_logs/circles/version_0"))
    assert url.startswith("http://127.0.0.1:")
    assert "<title>TensorBoard</title>" in fetch(url)
    assert runs_of(url, 1) == ["circles/version_0"]
    points = json.loads(fetch(f"{url}data/plugin/scalars/scalars?run=circles/version_0&tag=train/loss"))
    assert [(step, round(value, 3)) for _, step, value in points] == [(0, 1.0), (1, 0.5), (2, 0.333)]


def test_all_runs_of_a_folder_are_shown(make_run, dashboard):
    for name in ("circles/version_0", "circles/version_1", "blobs/version_0"):
        folder = make_run(f"lightning_logs/{name}")
    expected = ["blobs/version_0", "circles/version_0", "circles/version_1"]
    assert runs_of(dashboard(folder.parents[1]), 3) == expected


def test_several_runs_are_shown_beside_each_other(make_run, dashboard):
    make_run("blobs/version_0")
    runs = [make_run("circles/version_0"), make_run("circles/version_1").parents[1] / "blobs", make_run("mine, too: 1")]
    assert runs_of(dashboard(*runs), 3) == ["blobs/version_0", "circles/version_0", "mine, too: 1"]


@pytest.mark.parametrize("second", ["b/circles/version_0", "b/circles"], ids=["same name", "name within a name"])
def test_runs_of_one_name_are_told_apart(second, make_run, dashboard, tmp_path):
    make_run("b/circles/version_0")
    names = runs_of(dashboard(make_run("a/circles/version_0"), tmp_path / second), 2)
    assert len(names) == 2
    assert ["-a-circles-version_0" in names[0], "-b-circles" in names[1]] == [True, True]


def test_a_run_given_twice_is_shown_once(make_run, dashboard):
    run = make_run("circles/version_0")
    assert runs_of(dashboard(run, run), 1) == ["circles/version_0"]


def test_nothing_is_left_when_it_ends(make_run, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    url, server = start([make_run("circles/version_0")])
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    server.close()
    assert list((tmp_path / "temporary").iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        fetch(url)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere"], "nowhere: is no folder"),
        ([], "lightning_logs: is no folder"),
        (["run", "empty"], "empty: holds no event files"),
        (["run", "--port", "x"], "argument --port: invalid int value: 'x'"),
        (["run", "--port", "70000"], "--port: must be at least 0 and below 65536, got 70000"),
        (["run", "--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid"),
        (["run", "--prot", "1"], "unrecognized arguments: --prot"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(args, message, make_run, tmp_path, monkeypatch):
    make_run("run")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(InputError, match=message) as refusal:
        main(args)
    assert "\n" not in str(refusal.value)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_port_in_use_is_refused(make_run):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="Address already in use"):
        start([make_run("run")], port=taken.getsockname()[1])


def command(*args):
    code = "import sys; from litclf.cli.dashboard import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("number", "host", "warning"),
    [
        pytest.param(signal.SIGINT, "localhost", "", marks=pytest.mark.slow),
        (signal.SIGTERM, "0.0.0.0", "warning: --host 0.0.0.0 shows the runs to everyone who reaches this machine\n"),
    ],
)
def test_it_stays_until_a_signal_and_warns_beyond_this_machine(number, host, warning, make_run):
    with command(str(make_run("circles/version_0")), "--host", host) as process:
        line = process.stdout.readline()
        url = line.split()[1]
        assert line == f"dashboard   {url}  (Ctrl-C ends it)\n"
        assert runs_of(url.replace("0.0.0.0", "127.0.0.1"), 1) == ["circles/version_0"]
        process.send_signal(number)
        assert process.communicate(timeout=20) == ("", warning)
    assert process.returncode == 128 + number


def test_a_browser_shows_the_scalars_of_a_run(browser, make_run, dashboard):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    url = dashboard(make_run("circles/version_0"))
    assert runs_of(url, 1) == ["circles/version_0"]
    browser.get(f"{url}#timeseries")

    def card_with_values(_):
        cards = browser.find_elements(By.CSS_SELECTOR, "scalar-card")
        # The latest value stands in the table below the chart.
        return [card for card in cards if card.find_elements(By.TAG_NAME, "line-chart") and "0.3333" in card.text]

    (card,) = WebDriverWait(browser, 30).until(card_with_values)
    assert card.text.replace("\n", "").startswith("train/loss")
    assert "circles/version_0" in browser.find_element(By.CSS_SELECTOR, "runs-selector").text
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
