"""Errors that a user can cause, each one line: what was given, the rule, and the way out."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Something was asked for or given that cannot be used; the message is one line.

    Args:
        where: The argument, flag or file at fault.
        what: The rule and the value that broke it.
        fix: What to do instead.

    Attributes:
        part: What it was an argument of, ``model`` or ``data``, as :func:`part` says; empty where nothing says so.

    Example:
        >>> print(InputError("lr", "must be positive, got -1", "pass a learning rate such as 0.1"))
        lr: must be positive, got -1; fix: pass a learning rate such as 0.1
    """

    def __init__(self, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}; fix: {fix}")
        self.where = where
        self.what = what
        self.fix = fix
        self.part = ""

    @classmethod
    def unknown(cls, where: str, name: str, known: Iterable[str]) -> InputError:
        """An argument that does not exist, with the nearest that does."""
        near = nearest(name, known)
        return cls(where, f"has no argument {name}", f"did you mean {near}?" if near else "see its documentation")


class RunError(RuntimeError):
    """A run failed on its way, by no fault of what it was asked; the message is one line.

    Args:
        where: What it failed at.
        what: What happened.
        fix: What to try.

    Example:
        >>> print(RunError("train/loss", "is nan at step 7", "lower --model.lr"))
        train/loss: is nan at step 7; fix: lower --model.lr
    """

    def __init__(self, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}; fix: {fix}")
        self.where = where
        self.what = what
        self.fix = fix


@contextmanager
def part(name: str) -> Iterator[None]:
    """Has an :class:`InputError` from within know what it is about; the innermost that says so counts.

    Args:
        name: ``model`` or ``data``.

    Example:
        >>> with part("model"), part("data"):
        ...     raise InputError("rounds", "must be positive, got -1", "pass a value such as 5")
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: rounds: must be positive, got -1; fix: pass a value such as 5
    """
    try:
        yield
    except InputError as error:
        error.part = error.part or name
        raise


_CALLED = {
    "batch_size": "bs minibatch_size",
    "config": "cfg conf config_file preset",
    "default_root_dir": "output output_dir out_dir save_dir log_dir root root_dir",
    "devices": "gpus num_gpus",
    "early_stop": "early_stopping patience",
    "epochs": "num_epochs n_epochs max_iter",
    "gradient_clip_val": "clip clip_grad grad_clip gradient_clip max_grad_norm",
    "hidden_dims": "hidden hidden_size hidden_sizes hidden_layers hidden_layer_sizes hidden_units layers",
    "lr": "learning_rate lrate eta alpha",
    "lr_schedule": "scheduler lr_scheduler",
    "max_epochs": "epochs num_epochs n_epochs max_iter",
    "name": "run_name experiment",
    "optimizer": "solver",
    "seed": "random_state random_seed",
    "test_size": "test_split",
    "time": "time_limit timeout",
    "val_size": "val_split validation_split",
    "weight_decay": "wd l2",
}
"""What settings are called elsewhere."""


def nearest(value: str, names: Iterable[str], alike: float = 0.5) -> str | None:
    """The name most like ``value``, first of all one that differs in case and spaces only; None where none is like it.

    What is called otherwise elsewhere is known by that too.

    Args:
        value: What was typed.
        names: What there is.
        alike: Share of letters at least that must be the same.

    Example:
        >>> nearest("cirlces", ["circles", "blobs"]), nearest("Y", ["x", " y"]), nearest("learning_rate", ["lr"])
        ('circles', ' y', 'lr')
    """
    names = list(names)
    same = [name for name in names if _bare(name) == _bare(value)]
    same += [name for name in names if value in _CALLED.get(name, "").split()]
    if same:
        return same[0]
    longer = sorted((name for name in names if name.startswith(value)), key=len)
    return next(iter(longer or difflib.get_close_matches(value, names, n=1, cutoff=alike)), None)


def _bare(name: str) -> str:
    """A name without case, spaces and what else is not seen, in one Unicode form."""
    return re.sub(r"[\s_\ufeff\u200b]", "", unicodedata.normalize("NFKC", name)).casefold()
