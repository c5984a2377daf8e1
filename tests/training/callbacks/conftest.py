"""Fits under a bar on a clock that stands still unless a step or a validation moves it."""

import time
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader
from tqdm import tqdm

from litclf.training.callbacks.progress import BarProgress


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


@pytest.fixture
def drawn(clock, monkeypatch):
    """What the bar shows, each time it is drawn: seconds since the first time, steps, total and text."""
    monkeypatch.setenv("COLUMNS", "120")
    found = []
    refresh = tqdm.refresh

    def record(bar, *args, **kwargs):
        begin = found[0].clock if found else clock.now
        text = f"{bar.desc}|{bar.postfix or ''}"
        found.append(SimpleNamespace(clock=clock.now, at=clock.now - begin, n=bar.n, total=bar.total, text=text))
        return refresh(bar, *args, **kwargs)

    monkeypatch.setattr(tqdm, "refresh", record)
    yield found
    assert not tqdm._instances  # no bar is left open


@pytest.fixture
def show(make_trainer):
    """Fits under a bar; returns the Trainer."""

    def run(model, data, callbacks=(), ckpt_path=None, **settings):
        trainer = make_trainer(callbacks=[BarProgress(), *callbacks], enable_progress_bar=True, **settings)
        loaders = (data, data) if isinstance(data, DataLoader) else (None, None, data)
        trainer.fit(model, *loaders, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return run
