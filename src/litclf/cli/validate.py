"""Command ``litclf validate``: the metrics of a checkpoint on the validation split."""

from litclf.cli.evaluate import evaluate


def main(args: list[str]) -> int:
    """``litclf validate --ckpt_path CKPT``: see :func:`litclf.cli.evaluate.evaluate`."""
    return evaluate("validate", args)
