"""Disturbance of runs: started in forks, hit by a signal at a random moment, gone on with, and told apart by a digest.

A trial runs in a fork of this process, which has PyTorch and Lightning loaded, so that most of its time is the fit;
every 25th one is a true start of ``python -m litclf``.
"""

import csv
import hashlib
import json
import os
import shutil
import sys
import time
import traceback
import warnings
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litclf.engines.kernel.cache import load_kernel
from litclf.runs.find import checkpoints_in
from litclf.utilities import signals

from .cases import Case, cases

ROUND = 25
"""Trials from one true start to the next."""


class Trial(NamedTuple):
    """A run to disturb.

    Attributes:
        case: What is run.
        folder: The working directory, which is new.
        digest: That of the run undisturbed.
        seconds: Those of the run undisturbed, or of a true start.
        cold: Whether it is a true start.
    """

    case: Case
    folder: Path
    digest: str
    seconds: float
    cold: bool


def trials(n, root):
    """``n`` trials, the cases in turn, each of which is run undisturbed first; a folder goes when its turn is over."""
    import litclf.cli.fit  # noqa: F401  # loaded once, for all forks

    for kernel in ("narrow", "wide"):
        load_kernel(kernel)  # compiled once, for all forks
    references = []
    for number, case in enumerate(cases(root)):
        begin = time.monotonic()
        folder = finished(case, root / f"reference_{number}")
        references.append((case, digest(folder), time.monotonic() - begin))
    for number in range(n):
        case, own, seconds = references[number % len(references)]
        cold = bool(case.args) and number % ROUND == ROUND - 1
        folder = root / f"trial_{number}"
        yield Trial(case, folder, own, 8 if cold else seconds, cold)
        shutil.rmtree(folder)


def forked(run, where):
    """Runs ``run`` in a fork whose working directory is ``where``; returns the process's number."""
    where.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with signals.handled(), warnings.catch_warnings():
            warnings.resetwarnings()
            os.chdir(where)
            # What pytest has put in the place of the two is its own.
            sys.stdout = sys.stderr = Path("output.txt").open("a", buffering=1, encoding="utf-8")  # noqa: SIM115
            for stream in (1, 2):
                os.dup2(sys.stdout.fileno(), stream)
            code = run()
    except signals.Interrupted as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def ended(process):
    """Waits for the process; its exit code, or 128 plus the signal that ended it, as a shell says."""
    status = os.waitpid(process, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def newest(where):
    """The newest run folder below ``where``."""
    folders = sorted(where.glob("lightning_logs/*/version_*"), key=lambda path: int(path.name[8:]))
    return folders[-1] if folders else None


def finished(case, where):
    """Goes on with the run in ``where`` until it is done; starts anew only where it has no checkpoint."""
    folder = newest(where)
    goes_on = folder is not None and bool(checkpoints_in(folder / "checkpoints"))
    code = ended(forked(partial(case.run, str(folder) if goes_on else None), where))
    complete = code == 2 and "has finished" in (where / "output.txt").read_text().splitlines()[-1]
    if code and not complete:
        raise RuntimeError(f"exit code {code}: {(where / 'output.txt').read_text()[-400:]}")
    return newest(where)


def digest(folder):
    """SHA-256 over weights, states of optimizer, schedule and loops, and all that was logged."""
    found = hashlib.sha256()
    for name in ("last", "best"):
        checkpoint = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        for key in ("state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step"):
            feed(found, checkpoint[key])
    found.update((folder / "metrics.csv").read_bytes())
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics.pop("fit_seconds")
    metrics["facts"].pop("started")
    found.update(json.dumps(metrics, sort_keys=True).encode())
    logged = {}
    for path in folder.glob("events.out.tfevents.*"):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0})
        events.Reload()
        for tag in events.Tags()["scalars"]:
            logged.setdefault(tag, []).extend((event.step, event.value) for event in events.Scalars(tag))
        for tag in events.Tags()["images"]:
            logged.setdefault(tag, []).extend((event.step, event.encoded_image_string) for event in events.Images(tag))
    for tag in sorted(logged):
        feed(found, [tag, sorted(logged[tag])])
    return found.hexdigest()


def feed(found, value):
    if isinstance(value, torch.Tensor):
        found.update(value.contiguous().numpy().tobytes())
    elif isinstance(value, dict):
        for key in value:
            feed(found, [key, value[key]])
    elif isinstance(value, list | tuple):
        for item in value:
            feed(found, item)
    else:
        found.update(repr(value).encode())


def disturbed(trial, signum, chance):
    """Starts the run, or goes on with it, and sends it a signal at a random moment: its exit code, and seconds to it.

    Where the run is over before, it is begun anew, with less time.
    """
    where, most = trial.folder, trial.seconds
    while True:
        before = newest(where)
        goes_on = before is not None and bool(checkpoints_in(before / "checkpoints"))
        command = [sys.executable, "-m", "litclf", "fit", *trial.case.args]
        anew = partial(os.execv, sys.executable, command)
        process = forked(anew if trial.cold else partial(trial.case.run, str(before) if goes_on else None), where)
        time.sleep(0.02 + chance.random() * most)
        runs = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        if runs and (over(before) or not over(newest(where))):
            begin = time.monotonic()
            os.kill(process, signum)
            return ended(process), time.monotonic() - begin
        ended(process)
        most *= 0.8
        if not goes_on:
            shutil.rmtree(where)


def is_between_saves(folder):
    """Whether a run has validated an epoch of which nothing is saved: a save that waits for its time."""
    saved = [torch.load(path, weights_only=True)["global_step"] for path in checkpoints_in(folder / "checkpoints")]
    if not saved:
        return False
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        validated = [int(row["step"]) for row in csv.DictReader(file) if row.get("val/loss")]
    return max(validated, default=-1) >= max(saved)  # steps are logged from 0 on


def over(folder):
    """Whether a run has written the last of its files, and has nothing left that a signal could stop."""
    if folder is None or not (folder / "metrics.json").is_file():
        return False
    return (folder / "report.html").is_file() or not (folder / "curves.png").is_file()
