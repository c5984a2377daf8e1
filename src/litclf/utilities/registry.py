"""Registry: names of public classes, and the module of each, which is imported when the class is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping


class Registry:
    """The public classes of a room by name; nothing else can be had by a name that a file holds.

    Args:
        homes: The module of each class.

    Example:
        >>> registry = Registry({"InputError": "litclf.utilities.errors"})
        >>> list(registry), "os.system" in registry, registry.load("InputError").__name__
        (['InputError'], False, 'InputError')
    """

    def __init__(self, homes: Mapping[str, str]) -> None:
        self.homes = dict(homes)

    def __iter__(self) -> Iterator[str]:
        return iter(self.homes)

    def __contains__(self, name: object) -> bool:
        return name in self.homes

    def load(self, name: str) -> type:
        """The class called ``name``.

        Raises:
            KeyError: If there is none of that name.
        """
        kind: type = getattr(importlib.import_module(self.homes[name]), name)
        return kind

    def load_all(self) -> list[type]:
        """All classes, in the order of their names."""
        return [self.load(name) for name in self]
