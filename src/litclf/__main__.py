"""The command ``litclf``. What can be answered without PyTorch is answered here, at once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from litclf.cli.commands import TOOLS, exit_code
from litclf.cli.presets import presets
from litclf.utilities import signals
from litclf.utilities.version import __version__

USAGE = """\
usage: litclf {check-data,init} FILE_OR_FOLDER [options]
       litclf {fit,validate,test,predict} [-c PRESET_OR_FILE] [options]
       litclf {predict,export,serve} --ckpt_path RUN [options]
       litclf {report,compare,dashboard} RUN [RUN ...]
       litclf presets

Train, watch, check and ship classifiers with Lightning.

commands:
  check-data look at data before training:           litclf check-data flowers.csv
  init       draft a config for your data:           litclf init flowers.csv
  fit        train, then test the best checkpoint:   litclf fit -c circles
  resume     go on with a run that was stopped:      litclf resume RUN
  validate   validate a checkpoint:                  litclf validate --ckpt_path RUN/checkpoints/best.ckpt
  test       test a checkpoint:                      litclf test --ckpt_path RUN/checkpoints/best.ckpt
  predict    predict the test data of a checkpoint:  litclf predict --ckpt_path RUN/checkpoints/best.ckpt
             or a file, a folder of images, a point: litclf predict --ckpt_path RUN --input more.csv
  export     write a model for other programs:       litclf export --ckpt_path RUN --format onnx
  serve      answer predictions over HTTP:           litclf serve --ckpt_path RUN
  report     write report.html of a run again:       litclf report lightning_logs/circles
  compare    put runs side by side:                  litclf compare --presets circles-linear circles
  dashboard  show runs in TensorBoard:               litclf dashboard lightning_logs
  presets    list the presets that -c takes

options:
  -h, --help     this text; `litclf fit --help` lists all settings
  --version      the version
  --debug        show the traceback of an error

Results lie in lightning_logs/NAME/version_N: report.html, pictures, metrics.csv, checkpoints.
"""


def main(args: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        args: The arguments; None takes those of the process.

    Returns:
        The exit code: 0, or 2 for what was asked or given wrongly, or 1 for what failed; 130 after SIGINT, 143 after
        SIGTERM, once the fit is saved.

    Example:
        >>> main(["--version"])
        litclf ...
        0
    """
    args = list(sys.argv[1:] if args is None else args)
    if not args or args[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if args else 2
    if args == ["--version"]:
        print(f"litclf {__version__}")
        return 0
    if args == ["presets"]:
        width = max(map(len, presets()))
        for name, description in presets().items():
            print(f"{name:{width}}  {description}")
        return 0
    if args[0] in TOOLS:
        return exit_code(importlib.import_module(TOOLS[args[0]]).main, args[1:])
    if args[0] == "predict" and any(arg.startswith(("--input", "--point")) for arg in args):
        # It takes no Trainer, and without Lightning it is there in half the time and memory.
        return exit_code(importlib.import_module("litclf.cli.predict").main, args[1:])
    try:
        with signals.handled():
            from litclf.cli.fit import run

            return run(args)
    except signals.Interrupted as stop:  # while PyTorch was being loaded
        print(f"stopped by {stop}; nothing was trained yet: start anew", file=sys.stderr, flush=True)
        return stop.code


if __name__ == "__main__":
    sys.exit(main())
