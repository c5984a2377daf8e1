"""Argument parser of settings: no abbreviations, and one line for what was asked wrongly."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.cli import LightningArgumentParser

from litclf.cli.trust import HELP
from litclf.utilities.errors import InputError


class Parser(LightningArgumentParser):
    """An argument parser whose help tells what is taken before a config is read, and whose errors are one line."""

    def format_help(self, *args: Any, **kwargs: Any) -> str:
        """The help, with what is taken before a config is read."""
        text: str = super().format_help(*args, **kwargs)
        return text + HELP if "--config" in text else text

    def error(self, message: str, ex: Exception | None = None) -> Any:
        """Raises what was found wrong, in the words of jsonargparse; :mod:`litclf.cli.diagnosis` has better ones.

        Raises:
            InputError: Always.
        """
        raise InputError("arguments", " ".join(message.split()).rstrip("."), "see litclf fit --help") from ex
