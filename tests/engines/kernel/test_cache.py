"""The kernels compute the same bits in the process that had them compiled and in those that found them so."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from litclf.engines.kernel import cache
from litclf.engines.kernel.narrow import run_narrow

FIT = """
import hashlib, sys, torch
from litclf import BlobsDataModule, MulticlassClassifier, fit
data = BlobsDataModule(num_samples=500, num_features=30, cluster_std=9.0, steps_per_execution=50, repeat=10)
model = MulticlassClassifier(hidden_dims=[100, 20], optimizer="adam", lr=0.01, engine="kernel")
fit(model, data, max_epochs=2, enable_progress_bar=False, default_root_dir=sys.argv[1])
weights = torch.cat([value.flatten() for value in model.state_dict().values()])
print(hashlib.sha256(weights.numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_first_fit_on_a_machine_has_the_bits_of_the_second(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    lines = []
    for name in ("first", "second"):
        command = [sys.executable, "-c", FIT, str(tmp_path / name)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        lines.append(run.stdout.splitlines()[-1])
    assert any((tmp_path / "cache").rglob("wide*.nbc"))
    assert lines[0] == lines[1]


class Compiled:
    """As much of one of numba's functions as is looked at; ``cached`` tells whether its code is on the disk."""

    targetctx = None

    def __init__(self, cached, cache_path):
        self.signatures, self.found, self._cache = [], [cached], self
        self.cache_path, self.flushed = cache_path, 0

    def flush(self):
        self.flushed += 1

    def load_overload(self, signature, target):
        return self.found[-1]

    def __call__(self, *arguments):
        self.signatures.append(arguments)


@pytest.mark.parametrize("cached", ["code", None])
def test_it_says_that_it_compiles_only_where_it_does(cached, monkeypatch, capsys, tmp_path):
    kernel, started = Compiled(cached, tmp_path), []
    module = {"run_narrow": kernel, "__file__": __file__}
    monkeypatch.setattr(cache.importlib, "import_module", lambda name: type(name, (), module))
    monkeypatch.setattr(cache.subprocess, "run", lambda command, **_: started.append(command[-2:]))
    for _ in range(2):
        assert cache.load_kernel("narrow") is kernel
    assert len(kernel.signatures) == 1
    assert started == ([] if cached else [["litclf.engines.kernel.cache", "narrow"]])
    assert capsys.readouterr().out == ("" if cached else "compiling the kernels for this machine, once\n")


def test_one_process_compiles_while_others_wait(monkeypatch, tmp_path):
    kernel, locked = Compiled(None, tmp_path), []
    module = {"run_narrow": kernel, "__file__": __file__}

    def compiling(*_, **__):
        with Path(__file__).open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked.append(True)

    monkeypatch.setattr(cache.importlib, "import_module", lambda name: type(name, (), module))
    monkeypatch.setattr(cache.subprocess, "run", compiling)
    cache.load_kernel("narrow")
    assert locked
    with Path(__file__).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_numbas_private_cache_tells_what_is_compiled():
    cache.load_kernel("narrow")
    assert run_narrow._cache.load_overload(run_narrow.signatures[0], run_narrow.targetctx) is not None
    assert run_narrow._cache.load_overload((), run_narrow.targetctx) is None


def test_code_that_was_made_of_other_sources_is_compiled_anew(monkeypatch, tmp_path):
    monkeypatch.setattr(cache.subprocess, "run", lambda *_, **__: None)
    flushes, part = [], Compiled("code", tmp_path)
    for sources in ("of this release", "of this release", "of the next"):
        kernel = Compiled("code", tmp_path)
        module = {"run_narrow": kernel, "_part": part, "__file__": __file__}
        monkeypatch.setattr(cache.importlib, "import_module", lambda name, module=module: type(name, (), module))
        monkeypatch.setattr(cache, "_sources", lambda sources=sources: sources)
        cache.load_kernel("narrow")
        flushes.append(kernel.flushed)
    assert flushes == [1, 0, 1]
    assert part.flushed == 2
