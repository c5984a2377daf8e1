"""Command ``litclf test``: the metrics of a checkpoint on the test split."""

from litclf.cli.evaluate import evaluate


def main(args: list[str]) -> int:
    """``litclf test --ckpt_path CKPT``: see :func:`litclf.cli.evaluate.evaluate`."""
    return evaluate("test", args)
