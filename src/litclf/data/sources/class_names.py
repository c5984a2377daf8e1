"""Class names: evened out, in order, and those that differ in what is hardly seen."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from litclf.preprocessing.values import likeness


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
    """Groups of names that differ in case, leading zeros, marks around them, spaces or what is not seen only.

    Example:
        >>> lookalikes(["Cat", "cat", "cat.", "dog"])
        [['Cat', 'cat', 'cat.']]
    """
    groups = defaultdict(list)
    for name in names:
        groups[likeness(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]
