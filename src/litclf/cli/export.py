"""Command ``litclf export``: a trained model as a file for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

from litclf.cli.arguments import data_changes
from litclf.cli.trained import ModelParser, file_name, load_model
from litclf.inference.export.export import ExportError, export, loading_lines
from litclf.inference.export.formats import FORMATS
from litclf.inference.rebuild import rebuild_data
from litclf.runs.find import run_folder


def main(args: list[str]) -> int:
    """Exports the model at ``--ckpt_path``.

    Args:
        args: The arguments, without the command's name.

    Returns:
        The exit code: 0, or 1 where the file did not answer as the model does.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    parser = ModelParser("export", "Writes a trained model as a file for other programs, and checks it.")
    parser.add_argument("--format", required=True, choices=list(FORMATS), help="what to write")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: model.onnx and so on in the run folder")
    given, rest = parser.parse_known_args(args)
    changes = data_changes(rest)
    model = load_model(given)
    output = given.output or run_folder(model.path) / file_name(given, "model", FORMATS[given.format].ending)
    try:
        exported = export(model, rebuild_data(model.checkpoint, changes), given.format, output)
    except ExportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    inside = f", {exported.members} members inside" if exported.members else ""
    print(f"written     {output}  ({exported.size / 1000:,.1f} kB{inside})")
    print(
        f"checked     all {exported.num_samples} samples of the {exported.split} split: same classes, "
        f"probabilities differ by {exported.max_difference:.1e} at most"
    )
    print(f"takes       {exported.input}")
    if given.format == "state_dict":
        print("load it by\n    " + "\n    ".join(loading_lines(model, output)))
    return 0
