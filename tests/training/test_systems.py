"""Other systems, and other threads: a fit works where something is missing, and leaves the process as it was."""

import logging
import subprocess
import sys
import threading
import warnings

import pytest
import torch

from litclf import BinaryClassifier, CirclesDataModule, fit

ELSEWHERE = """
import os, signal, sys
sys.modules["fcntl"] = None
sys.modules["resource"] = None
for name in ("SIGALRM", "setitimer"):
    delattr(signal, name)
lightnings_own = signal.SIGUSR1
del signal.SIGUSR1
import litclf.cli.main, litclf.training.resume
assert len(litclf.utilities.signals.STOPPING) == 2
signal.SIGUSR1 = lightnings_own
for name in ("pread", "pwrite"):
    delattr(os, name)
from litclf.__main__ import main
sys.exit(main(["fit", "-c", "circles", "--trainer.max_epochs", "1", "--pictures", "false"]))
"""


@pytest.mark.slow  # a process of its own, Lightning in it
def test_a_system_without_locks_alarms_and_user_signals_trains(tmp_path):
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "is not locked (this system has no file locks)" in done.stderr
    assert (tmp_path / "lightning_logs" / "circles" / "version_0" / "checkpoints" / "best.ckpt").is_file()


def run(root, seed):
    data = CirclesDataModule(num_samples=100, batch_size=20, repeat=5)
    settings = {"max_epochs": 2, "default_root_dir": root, "enable_progress_bar": False, "name": f"seed{seed}"}
    return fit(BinaryClassifier(hidden_dims=[4]), data, seed=seed, **settings)


def test_fits_of_two_threads_are_those_of_one_and_the_process_is_left_as_it_was(tmp_path):
    alone = {seed: run(tmp_path / "alone", seed) for seed in (1, 2, 3)}
    state = [sys.stdout, sys.stderr, list(warnings.filters), warnings.showwarning, torch.get_num_threads()]
    state += [logging.getLogger(name).level for name in ("lightning.pytorch", "lightning.fabric")]
    beside = {}
    threads = [
        threading.Thread(target=lambda seed=seed: beside.update({seed: run(tmp_path / "beside", seed)}))
        for seed in alone
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, result in alone.items():
        for own, theirs in zip(beside[seed].model.parameters(), result.model.parameters(), strict=True):
            assert torch.equal(own, theirs)
    after = [sys.stdout, sys.stderr, list(warnings.filters), warnings.showwarning, torch.get_num_threads()]
    assert [*after, *(logging.getLogger(name).level for name in ("lightning.pytorch", "lightning.fabric"))] == state


def test_a_fit_within_a_fit_does_not_wait_for_itself(tmp_path):
    from lightning.pytorch import Callback

    class Nested(Callback):
        def on_train_end(self, *_):
            self.result = run(tmp_path / "inner", 1)

    nested = Nested()
    data = CirclesDataModule(num_samples=100, batch_size=20)
    settings = {"max_epochs": 1, "default_root_dir": tmp_path, "enable_progress_bar": False}
    fit(BinaryClassifier(hidden_dims=[4]), data, callbacks=[nested], **settings)
    assert nested.result.metrics["global_step"] == 40


def test_a_fit_that_has_no_output_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    data = CirclesDataModule(num_samples=100, batch_size=20)
    assert fit(BinaryClassifier(), data, max_epochs=1, default_root_dir=tmp_path).metrics["global_step"] == 4
