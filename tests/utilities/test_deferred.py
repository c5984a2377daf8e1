"""Imports put off: each case in a process of its own, for what is loaded once stays loaded."""

import json
import subprocess
import sys

import pytest

from litclf.utilities.deferred import Use

AFTERWARDS = """
import json, sys
FIRST
import litclf.training.run
found = sorted({"torchvision", "matplotlib", "scipy.signal"} & sys.modules.keys())
import sklearn.isotonic, sklearn.metrics, sklearn.model_selection
loaded = {"scipy.stats", "pandas", "torch._dynamo.convert_frame", "triton"} & sys.modules.keys()
assert not loaded or found == ["matplotlib", "scipy.signal", "torchvision"], loaded
from litclf.data.sources import learning
import inspect, numpy, pandas, pickle, scipy.stats
assert sklearn.metrics.roc_auc_score([0, 1, 1], [0.1, 0.4, 0.3]) == 1
assert sklearn.utils.fixes.scipy.stats is scipy.stats and scipy.stats.rankdata([3, 1]).tolist() == [2, 1]
assert not sklearn.isotonic.IsotonicRegression(increasing="auto").fit([1, 2, 3], [3, 2, 1]).increasing_
assert isinstance(learning.pd.DataFrame(), pandas.DataFrame) and isinstance(pandas.DataFrame(), learning.pd.DataFrame)
assert learning.pd.__version__ == pandas.__version__
import matplotlib, scipy.signal, torch, torchmetrics, torchvision
from torchmetrics.detection import IntersectionOverUnion
assert all(type(module).__name__ != "_StandIn" for module in sys.modules.values())
assert torchmetrics.__doc__ in inspect.getsource(torchmetrics)

boxes = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.0, 0, 2, 1]])
first, second = ([{"boxes": box, "labels": torch.tensor([0])}] for box in boxes)
assert IntersectionOverUnion()(first, second)["iou"] == torchvision.ops.box_iou(*boxes) == 0.5

matplotlib.use("Agg")
accuracy = pickle.loads(pickle.dumps(torchmetrics.classification.BinaryAccuracy()))
accuracy.update(torch.tensor([0.9, 0.1]), torch.tensor([1, 0]))
figure, axes = accuracy.plot()
assert isinstance(figure, matplotlib.figure.Figure) and axes.lines
assert torchmetrics.MetricCollection([accuracy]).plot(ax=axes, together=True)
assert scipy.signal.windows.hamming(3)[1] == 1
print(json.dumps(found))
"""


@pytest.mark.slow  # some seconds each: Lightning is imported anew
@pytest.mark.parametrize(
    ("first", "loaded"),
    [
        ("", []),
        ("import matplotlib.pyplot", ["matplotlib"]),
        ("import lightning.pytorch", ["matplotlib", "scipy.signal", "torchvision"]),
    ],
)
def test_what_is_put_off_works_as_ever_whatever_was_loaded_before(first, loaded):
    code = AFTERWARDS.replace("FIRST", first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == loaded


@pytest.mark.slow
def test_a_torchmetrics_that_does_more_with_them_is_imported_the_slow_way(tmp_path):
    (tmp_path / "torchmetrics").mkdir()
    lines = "from torchmetrics import part", "from matplotlib.text import Text", "class Mine(Text): pass"
    (tmp_path / "torchmetrics" / "__init__.py").write_text("\n".join(lines))
    (tmp_path / "torchmetrics" / "part.py").write_text("")
    code = (
        "import litclf, sys, torchmetrics; print(torchmetrics.Mine.__mro__[1] is sys.modules['matplotlib.text'].Text)"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_what_waits_is_what_it_stands_for():
    later = Use("fractions", lambda: __import__("fractions").Fraction)
    made = later(1, 2)
    assert isinstance(made, later)
    assert later.from_float(0.5) == made
    assert issubclass(type("Mine", (type(made),), {}), later)

    class Mine(later):
        pass

    assert Mine.__mro__[1] is type(made)
