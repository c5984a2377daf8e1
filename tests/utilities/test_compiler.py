"""PyTorch's compiler, put off: each case in a process of its own, for what is loaded once stays loaded."""

import subprocess
import sys

import pytest

TRAIN = """
import sys
import litclf, torch
from lightning.pytorch.utilities.compile import from_compiled, to_uncompiled
from lightning.pytorch.demos.boring_classes import BoringModel

torch.manual_seed(0)
layer, x = torch.nn.Linear(3, 2), torch.randn(4, 3)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)

@torch.compiler.disable
def kept_out(x):
    return x.sin()

def step(x):
    optimizer.zero_grad()
    loss = kept_out(layer(x)).square().mean()
    loss.backward()
    optimizer.step()
    return loss

step(x)
assert not torch.compiler.is_compiling() and hasattr(torch, "_dynamo") and kept_out.__name__ == "kept_out"
assert "torch._dynamo.convert_frame" not in sys.modules
"""

COMPILE = """
import copy, inspect
import torch._dynamo.config, torch._dynamo.eval_frame
assert type(torch._dynamo).__name__ == "module" and sys.modules["torch._dynamo"] is torch._dynamo
assert torch._dynamo.config is sys.modules["torch._dynamo.config"]
assert torch._dynamo.config.__spec__.loader is not None and "TorchDynamo" in inspect.getsource(torch._dynamo)
for module in (torch._dynamo, torch._dynamo.config, torch._dynamo.eval_frame):
    assert type(module.__spec__.loader).__name__ == "SourceFileLoader", module

seen = []
def backend(graph, inputs):
    seen.extend(str(node.target) for node in graph.graph.nodes)
    return graph.forward

weights, state = copy.deepcopy(layer.state_dict()), copy.deepcopy(optimizer.state_dict())
plain = [step(x).item() for _ in range(3)]
layer.load_state_dict(weights), optimizer.load_state_dict(state)
compiled = torch.compile(step, backend=backend)
assert plain == [compiled(x).item() for _ in range(3)]
assert any("linear" in name for name in seen) and not any("sin" in name for name in seen), seen

module = torch.compile(BoringModel(), backend="eager")
assert isinstance(module, torch._dynamo.OptimizedModule) and to_uncompiled(from_compiled(module)) is not None
assert torch.allclose(torch.compile(layer, backend="eager")(x), layer(x))
"""


@pytest.mark.slow  # some seconds each: PyTorch and Lightning are imported anew
@pytest.mark.parametrize(
    "first",
    [
        "import torch._dynamo.config",
        "from torch._dynamo import OptimizedModule, config",
        "import torch; torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1))",
        "import torch; torch._dynamo.reset()",
    ],
)
def test_an_optimizer_needs_no_compiler_and_what_compiles_works_as_ever(first):
    code = f"{TRAIN}\n{first}\n{COMPILE}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_compiler_that_cannot_be_loaded_says_so_each_time_and_what_was_kept_out_of_it_runs(tmp_path):
    (tmp_path / "torch" / "_dynamo").mkdir(parents=True)
    (tmp_path / "torch" / "__init__.py").write_text("")
    lines = "import os", "now = os.environ['NOW']", "def disable(fn): return lambda: 2 * fn()"
    (tmp_path / "torch" / "_dynamo" / "__init__.py").write_text("\n".join(lines))
    code = """
import os, sys
sys.path.insert(0, sys.argv[1])
import litclf
import torch._dynamo
plain = torch._dynamo.disable(lambda: 3)
for _ in range(2):
    try:
        torch._dynamo.now
    except KeyError as error:
        print(error, plain())
os.environ["NOW"] = "there"
print(torch._dynamo.now, plain(), hasattr(torch._dynamo, "later"))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("'NOW' 3\n'NOW' 3\nthere 6 False\n", "")
