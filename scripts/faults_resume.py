"""Kills and signals at random moments, and what a resumed run then ends with; many starts at the same instant.

Each experiment takes the number of trials and returns how many went right, of how many, and a line on the others:

    python scripts/faults_resume.py kills 200
    python scripts/faults_resume.py signals 50
    python scripts/faults_resume.py starts 20

A trial runs in a fork of this process, which has PyTorch and Lightning loaded, so that most of its time is the fit;
every 25th one is a true start of ``python -m litclf``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from faults_cases import Case, cases
from litclf.__main__ import main as litclf_main
from litclf.cli.fit import CLI  # noqa: F401  # loaded once, for all forks
from litclf.engines.kernel.cache import load_kernel
from litclf.runs.find import checkpoints_in
from litclf.utilities import signals

_ROUND = 25
_MOST_SECONDS = 5.0
_SAME = "resumed to the SHA-256 of the undisturbed run, over weights, states of optimizer and loops, metrics and logs"


def forked(run: Callable[[], int], where: Path) -> int:
    """Runs ``run`` in a fork whose working directory is ``where``; returns the process's number."""
    where.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with signals.handled():
            os.chdir(where)
            log = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = run()
    except signals.Interrupted as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def started(case: Case, where: Path) -> int:
    """A true start of the command; returns the process's number."""
    where.mkdir(parents=True, exist_ok=True)
    with (where / "output.txt").open("a") as log:
        command = [sys.executable, "-m", "litclf", "fit", *case.args]
        return subprocess.Popen(command, cwd=where, stdout=log, stderr=log).pid


def ended(process: int) -> int:
    """Waits for the process; its exit code, or 128 plus the signal that ended it, as a shell says."""
    status = os.waitpid(process, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def newest(where: Path) -> Path | None:
    """The newest run folder below ``where``."""
    folders = sorted(where.glob("lightning_logs/*/version_*"), key=lambda path: int(path.name[8:]))
    return folders[-1] if folders else None


def finished(case: Case, where: Path) -> Path:
    """Goes on with the run in ``where`` until it is done; starts anew only where it has no checkpoint."""
    folder = newest(where)
    goes_on = folder is not None and bool(checkpoints_in(folder / "checkpoints"))
    code = ended(forked(partial(case.run, str(folder) if goes_on else None), where))
    complete = code == 2 and "has finished" in (where / "output.txt").read_text().splitlines()[-1]
    if code and not complete:
        raise RuntimeError(f"exit code {code}: {(where / 'output.txt').read_text()[-400:]}")
    found = newest(where)
    assert found is not None
    return found


def digest(folder: Path) -> str:
    """SHA-256 over weights, states of optimizer, schedule and loops, and all that was logged."""
    found = hashlib.sha256()
    for name in ("last", "best"):
        checkpoint = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        for key in ("state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step"):
            _feed(found, checkpoint[key])
    found.update((folder / "metrics.csv").read_bytes())
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics.pop("fit_seconds")
    metrics["facts"].pop("started")
    found.update(json.dumps(metrics, sort_keys=True).encode())
    logged: dict[str, list[Any]] = {}
    for path in folder.glob("events.out.tfevents.*"):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0})
        events.Reload()
        for tag in events.Tags()["scalars"]:
            logged.setdefault(tag, []).extend((event.step, event.value) for event in events.Scalars(tag))
        for tag in events.Tags()["images"]:
            logged.setdefault(tag, []).extend((event.step, event.encoded_image_string) for event in events.Images(tag))
    for tag in sorted(logged):
        _feed(found, [tag, sorted(logged[tag])])
    return found.hexdigest()


def _feed(found: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        found.update(value.contiguous().numpy().tobytes())
    elif isinstance(value, dict):
        for key in value:
            _feed(found, [key, value[key]])
    elif isinstance(value, list | tuple):
        for item in value:
            _feed(found, item)
    else:
        found.update(repr(value).encode())


class Reference(NamedTuple):
    """The undisturbed run of a case: its digest and its seconds."""

    digest: str
    seconds: float


def references(all_cases: list[Case], root: Path) -> list[Reference]:
    """Runs each case undisturbed."""
    for kernel in ("narrow", "wide"):
        load_kernel(kernel)  # compiled once, for all forks
    found = []
    for number, case in enumerate(all_cases):
        begin = time.monotonic()
        folder = finished(case, root / f"reference_{number}")
        seconds = time.monotonic() - begin
        found.append(Reference(digest(folder), seconds))
        print(f"{case.name}: {found[-1].seconds:.2f} s undisturbed", flush=True)
    return found


def kills(n: int) -> tuple[int, int, str]:
    """SIGKILL at a random moment, for a third of the trials twice, then resumed until done: the same digest?"""
    right, wrong = 0, []
    generator = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        all_cases = cases(root)
        undisturbed = references(all_cases, root)
        for trial in range(n):
            number = trial % len(all_cases)
            case, reference, where = all_cases[number], undisturbed[number], root / f"trial_{trial}"
            cold = bool(case.args) and trial % _ROUND == _ROUND - 1
            try:
                _disturbed(case, where, signal.SIGKILL, generator, 8 if cold else reference.seconds, cold)
                if generator.random() < 1 / 3:
                    _disturbed(case, where, signal.SIGKILL, generator, reference.seconds / 2, cold=False)
                if digest(finished(case, where)) == reference.digest:
                    right += 1
                else:
                    wrong.append(f"trial {trial} ({case.name}) differs")
            except Exception as error:
                wrong.append(f"trial {trial} ({case.name}): {error}")
            _say("kills", right, trial + 1, n, wrong)
    return right, n, "; ".join(wrong) or _SAME


def _disturbed(
    case: Case, where: Path, signum: int, generator: random.Random, most: float, cold: bool
) -> tuple[int, float]:
    """Starts the run, or goes on with it, and sends it a signal within ``most`` seconds: exit code, and seconds to it.

    Where the run is over before, it is begun anew, with less time.
    """
    while True:
        before = newest(where)
        goes_on = before is not None and bool(checkpoints_in(before / "checkpoints"))
        process = started(case, where) if cold else forked(partial(case.run, str(before) if goes_on else None), where)
        time.sleep(0.02 + generator.random() * most)
        runs = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        if runs and (_over(before) or not _over(newest(where))):
            begin = time.monotonic()
            os.kill(process, signum)
            return ended(process), time.monotonic() - begin
        ended(process)
        most *= 0.8
        if not goes_on:
            shutil.rmtree(where)


def _over(folder: Path | None) -> bool:
    """Whether a run has written the last of its files, and has nothing left that a signal could stop."""
    if folder is None or not (folder / "metrics.json").is_file():
        return False
    return (folder / "report.html").is_file() or not (folder / "curves.png").is_file()


def signalled(n: int) -> tuple[int, int, str]:
    """SIGTERM or SIGINT at a random moment: right exit code within 5 s, and resumed to the same digest?"""
    right, wrong, slowest = 0, [], 0.0
    generator = random.Random(2)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        all_cases = cases(root)
        undisturbed = references(all_cases, root)
        for trial in range(n):
            number = trial % len(all_cases)
            case, reference, where = all_cases[number], undisturbed[number], root / f"trial_{trial}"
            cold = bool(case.args) and trial % _ROUND == _ROUND - 1
            signum = generator.choice([signal.SIGINT, signal.SIGTERM])
            most = 8 if cold else reference.seconds
            code, seconds = _disturbed(case, where, signum, generator, most, cold)
            slowest = max(slowest, seconds)
            try:
                same = digest(finished(case, where)) == reference.digest
                if code == 128 + signum and seconds <= _MOST_SECONDS and same:
                    right += 1
                else:
                    wrong.append(f"trial {trial} ({case.name}): code {code}, {seconds:.1f} s, same digest {same}")
            except Exception as error:
                wrong.append(f"trial {trial} ({case.name}): {error}")
            _say("signals", right, trial + 1, n, wrong)
    return right, n, "; ".join([*wrong, f"slowest exit {slowest:.2f} s"])


def starts(n: int) -> tuple[int, int, str]:
    """Eight starts at the same instant, ``n`` times: a folder for each?"""
    args = ["fit", "-c", "circles", "--data.repeat", "2", "--trainer.max_epochs", "1", "--pictures", "false"]
    right, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        for number in range(n):
            reading, writing = os.pipe()

            def run(reading: int = reading, writing: int = writing) -> int:
                os.close(writing)
                os.read(reading, 1)  # ends for all at once, when the parent closes its side
                return litclf_main(args)

            processes = [forked(run, where) for _ in range(8)]
            os.close(reading)
            os.close(writing)
            failed += sum(ended(process) != 0 for process in processes)
            whole = [path for path in where.glob("lightning_logs/circles/version_*/metrics.csv") if _rows(path) == 2]
            right = len(whole)
            print(f"starts: {right} of {8 * (number + 1)}", flush=True)
    return right, 8 * n, f"{failed} exit codes other than 0"


def _rows(path: Path) -> int:
    with path.open(newline="") as file:
        return len(list(csv.DictReader(file)))


def _say(name: str, right: int, done: int, n: int, wrong: list[str]) -> None:
    if done % 10 == 0 or done == n or (wrong and wrong[-1].startswith(f"trial {done - 1} ")):
        print(f"{name}: {right} of {done}{'; ' + wrong[-1] if wrong else ''}", flush=True)


EXPERIMENTS: dict[str, Callable[[int], tuple[int, int, str]]] = {"kills": kills, "signals": signalled, "starts": starts}

if __name__ == "__main__":
    torch.set_num_threads(1)
    k, of, note = EXPERIMENTS[sys.argv[1]](int(sys.argv[2]))
    print(f"{sys.argv[1]}: {k} of {of}" + (f" ({note})" if note else ""))
    sys.exit(k != of)
