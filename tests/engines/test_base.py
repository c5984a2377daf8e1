"""The engines' contract: they know no Trainer, and take any learner that is built by hand."""

import subprocess
import sys
from pathlib import Path

import litclf.engines

MODULES = sorted(
    ".".join(("litclf.engines", *path.relative_to(Path(litclf.engines.__file__).parent).with_suffix("").parts))
    for path in Path(litclf.engines.__file__).parent.rglob("*.py")
    if path.stem != "__init__"
)


def test_no_engine_loads_lightning():
    code = f"""
import importlib, sys
for name in {MODULES}:
    importlib.import_module(name)
print([name for name in sys.modules if name.partition(".")[0] in ("lightning", "lightning_utilities", "torchmetrics")])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(MODULES) >= 10
    assert run.stdout == "[]\n"
