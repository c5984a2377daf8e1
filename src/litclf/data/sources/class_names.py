"""Class names: evened out, in order, and those that differ in what is hardly seen."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal


def evened(name: str) -> str:
    """A name in Unicode's composed form, with single spaces of the usual kind and none around.

    macOS takes Korean syllables and accents apart in the names of folders, which then are equal to no text.

    Example:
        >>> evened(" red\u00a0 fox")
        'red fox'
    """
    return " ".join(unicodedata.normalize("NFC", name).split())


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Different names in order: by value where all are numbers, else by text.

    Example:
        >>> in_order(["10", "9", "9", "09"]), in_order(["10", "9", "a"])
        (('09', '9', '10'), ('10', '9', 'a'))
    """
    texts = sorted(set(names))
    numbers = all(re.fullmatch(r"-?\d+(\.\d+)?", text) for text in texts)
    return tuple(sorted(texts, key=Decimal) if numbers else texts)


def lookalikes(names: Iterable[str]) -> list[list[str]]:
    """Groups of names that differ in case, a full stop, spaces, underscores, hyphens or invisible marks only.

    Example:
        >>> lookalikes(["Cat", "cat", "cat.", "dog"])
        [['Cat', 'cat', 'cat.']]
    """
    groups = defaultdict(list)
    for name in names:
        groups[_seen(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _seen(name: str) -> str:
    letters = unicodedata.normalize("NFKC", name).casefold()
    return "".join(one for one in letters if one not in " _-" and unicodedata.category(one) != "Cf").rstrip(".")
