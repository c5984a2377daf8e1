"""Suggestions: what was probably meant by a setting that there is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from litclf.cli.short_names import SHORT_NAMES
from litclf.utilities.errors import InputError, nearest

HELP = "see litclf fit --help"


def unknown_setting(flag: str, own: Iterable[str], others: Sequence[tuple[str, str]]) -> InputError:
    """What is said of a setting that there is not.

    Args:
        flag: The flag as it was given.
        own: The flags that there are beside it, such as the others of the same model.
        others: All flags of a run, and the class that each is of, empty where it is of the run itself.

    Example:
        >>> others = [("--model.lr", "BinaryClassifier"), ("--data.class_weights", "TableDataModule")]
        >>> print(unknown_setting("--model.learning_rate", ["--model.lr"], others))
        --model.learning_rate: is no setting; fix: did you mean --model.lr?
        >>> print(unknown_setting("--data.class_weights", ["--data.noise"], others))
        --data.class_weights: is no setting here; fix: drop it: it is one of TableDataModule
    """
    name, flags = _own_name(flag), [other for other, _ in others]
    homes = [kind for other, kind in others if other == flag]
    if homes:
        way_out = f"drop it: it is one of {homes[0]}" if homes[0] else f"did you mean {SHORT_NAMES[flag].stands_for}?"
        return InputError(flag, "is no setting here", way_out)
    same = [other for other in flags if _own_name(other) == name]
    near = same[0] if same else _nearest(name, own if "." in flag else flags)
    return InputError(flag, "is no setting", f"did you mean {near}?" if near else HELP)


def _nearest(name: str, flags: Iterable[str]) -> str | None:
    """The flag whose own name, behind its last dot, is most like ``name``."""
    by_name: dict[str, str] = {}
    for flag in flags:
        by_name.setdefault(_own_name(flag), flag)
    near = nearest(name, by_name, alike=0.6)
    return None if near is None else by_name[near]


def _own_name(flag: str) -> str:
    return flag.removeprefix("--").rpartition(".")[2]
