"""What is loaded for what is asked: most commands answer before PyTorch, Lightning or a drawing library is there."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from litclf import fit

STAGES = """
import importlib, json, pkgutil, sys
import litclf.engines
run, rows, predicted = sys.argv[1:]

def loaded(*names):
    return sorted(set(names) & sys.modules.keys())

from litclf.cli.report import main
assert main([run]) == 0
found = {"report": loaded("torch", "lightning", "matplotlib", "plotly", "sklearn", "pandas")}

for room in ("boundary", "confusion", "curves", "data", "gradients", "images", "reliability", "roc"):
    importlib.import_module(f"litclf.visualization.plots.{room}")
assert loaded("matplotlib") == ["matplotlib"]
found["plots"] = loaded("matplotlib.pyplot", "torch", "lightning")

engines = [module.name for module in pkgutil.walk_packages(litclf.engines.__path__, "litclf.engines.")]
for name in engines:
    importlib.import_module(name)
assert len(engines) >= 10
found["engines"] = loaded("lightning", "lightning_utilities", "torchmetrics")

for name in list(sys.modules):  # as if nothing had been drawn
    if name.split(".")[0] in ("litclf", "matplotlib", "sklearn"):
        del sys.modules[name]
from litclf.cli.main import main
assert main(["predict", "--ckpt_path", run, "--input", rows, "--output", predicted]) == 0
assert loaded("torch") == ["torch"]
found["predict"] = loaded("lightning", "torchmetrics", "torchvision", "sklearn", "matplotlib")
print(json.dumps(found))
"""


@pytest.mark.slow
def test_reports_pictures_engines_and_predictions_load_what_they_need_alone(circles_run, copy_run, tmp_path):
    """In one new process, for all it costs: some seconds. The engines know no Trainer: whoever trains may use them."""
    (tmp_path / "rows.csv").write_text("x1,x2\n0,0.8\n1,0\n")
    args = [copy_run(circles_run), tmp_path / "rows.csv", tmp_path / "out.csv"]
    done = subprocess.run([sys.executable, "-c", STAGES, *args], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"report": [], "plots": [], "engines": [], "predict": []}
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


LOOK = """
import os, sys
from lightning.pytorch import Callback

class Look(Callback):
    def on_train_batch_end(self, *_):
        print(*(name for name in HEAVY if name in sys.modules), flush=True)
        os._exit(0)
"""
HEAVY = (
    *("torch._dynamo.convert_frame", "torch._inductor", "torch.distributed.tensor", "sympy", "triton", "torchvision"),
    *("scipy.stats", "scipy.signal", "sklearn.impute", "pandas", "pyarrow", "matplotlib", "plotly", "jinja2"),
)
"""What Lightning, scikit-learn and we import for other runs than this one; a second or two, all of it."""


@pytest.mark.slow  # some seconds: a process of its own, PyTorch and Lightning in it
def test_a_fit_has_loaded_nothing_heavy_that_it_does_not_use_when_its_first_steps_have_ended(tmp_path):
    (tmp_path / "look.py").write_text(f"HEAVY = {HEAVY}\n{LOOK}")
    words = "fit -c circles --pictures false --data.steps_per_execution 100 --allow_classes look"
    command = [sys.executable, "-m", "litclf", *words.split(), "--trainer.callbacks+=look.Look"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == [""], done.stdout + done.stderr


@contextmanager
def loaded_anew(*packages):
    """Takes the packages for not loaded yet; afterwards those that were loaded are there again."""

    def ours():
        return {name: module for name, module in sys.modules.items() if name.split(".")[0] in packages}

    before = ours()
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in ours():
            del sys.modules[name]
        sys.modules.update(before)


def test_a_fit_without_pictures_loads_nothing_that_draws(tmp_path):
    with loaded_anew("litclf", "plotly"):
        import litclf

        assert litclf.fit is not fit
        data = litclf.CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
        settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
        folder = litclf.fit(litclf.BinaryClassifier(engine="eager"), data, **settings).folder
        assert [name for name in sys.modules if name.startswith(("litclf.visualization", "plotly"))] == []
    assert not list(folder.glob("*.png"))
