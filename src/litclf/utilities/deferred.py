"""Deferred imports: what libraries import for parts of theirs that are seldom used.

A third of Lightning's import was Torchvision, Matplotlib's pyplot and scipy.signal, for image and audio metrics and
plots of TorchMetrics; two thirds of scikit-learn's are scipy.stats and pandas, for a few functions. While such a
library is imported, stand-ins take their place; what it keeps of them turns to the real thing at its first use. So it
is with our own modules of tables, which fits of other data load too. Nobody else is given one: a library that is loaded
already stays what it is, and after the import ``sys.modules`` holds no stand-in. Should another version do more with
them than keep them, it is imported anew, the slow way.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, spec_from_loader
from types import ModuleType
from typing import Any

_SELDOM: dict[str, tuple[str, ...]] = {
    "torch.utils.flop_counter": ("triton",),
    "torchmetrics": ("torchvision", "matplotlib", "scipy.signal"),
    "sklearn": ("scipy.stats", "pandas"),
    "litclf": ("pandas", "pyarrow"),
}
"""What is put off while a module, or a part of a library, is imported."""


class Absent(ModuleType):
    """A module that is not loaded, and stands in ``sys.modules`` notwithstanding."""


class Use:
    """What is made of a module that was put off: a name in it, or what a call of one gives.

    Args:
        module: The module.
        real: Makes the real thing, when it is asked anything; the module is imported then.
        waits: Tells whether a library is being imported without it: there functions are decorated by what is kept.

    Example:
        >>> later = Use("wave", lambda: __import__("wave").Error)
        >>> isinstance(ValueError(), later)  # of a module that nobody has loaded there are no objects
        False
    """

    def __init__(self, module: str, real: Callable[[], Any], *, waits: Callable[[], bool] = lambda: False) -> None:
        self._module, self._make, self._waits = module, real, waits

    @cached_property
    def _real(self) -> Any:
        return self._make()

    @property
    def _is_loaded(self) -> bool:
        return self._module in sys.modules and not isinstance(sys.modules[self._module], Absent)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the call gives; it is made later, where a library decorates by it."""
        if self._waits():
            return Use(self._module, lambda: self._real(*args, **kwargs), waits=self._waits)
        return self._real(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by `typing` and `inspect` of all they meet
            raise AttributeError(name)
        if self._waits():
            return Use(self._module, lambda: getattr(self._real, name), waits=self._waits)
        return getattr(self._real, name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        if self._waits():
            raise TypeError("a class cannot be made from what is put off")
        return (self._real,)

    def __instancecheck__(self, instance: Any) -> bool:
        return self._is_loaded and isinstance(instance, self._real)

    def __subclasscheck__(self, subclass: type) -> bool:
        return self._is_loaded and issubclass(subclass, self._real)


class _StandIn(Absent):
    """A module that was put off.

    Args:
        name: Its name.
        waits: Tells whether the library is still being imported without it.
    """

    def __init__(self, name: str, waits: Callable[[], bool]) -> None:
        super().__init__(name)
        self._waits = waits

    def __getattr__(self, name: str) -> Any:
        if not self._waits():
            found = vars(self)[name] = getattr(importlib.import_module(self.__name__), name)
            return found
        if name.startswith("__"):
            raise AttributeError(name)
        return Use(self.__name__, lambda: getattr(importlib.import_module(self.__name__), name), waits=self._waits)


class _PutOff(MetaPathFinder, Loader):
    """Finds stand-ins for modules of the libraries ``roots``, as long as they wait."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots, self.waits = tuple(roots), True
        self.made: dict[str, ModuleType] = {}

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if any(f"{fullname}.".startswith(f"{root}.") for root in self.roots):
            return spec_from_loader(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.made[spec.name] = _StandIn(spec.name, lambda: self.waits)
        return self.made[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: a stand-in is empty."""


@contextmanager
def _put_off(roots: Sequence[str]) -> Iterator[None]:
    finder = _PutOff([root for root in roots if root not in sys.modules])
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        finder.waits = False
        sys.meta_path.remove(finder)
        for name, module in finder.made.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
            parent, _, child = name.rpartition(".")
            if vars(sys.modules.get(parent, finder)).get(child) is module:
                delattr(sys.modules[parent], child)


class _Quick(Loader):
    """Imports a module by its own loader, with what it seldom uses put off."""

    def __init__(self, own: Loader, roots: Sequence[str]) -> None:
        self.own, self.roots = own, roots

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.own  # what asks for its source or files asks its own loader
        before = vars(module).copy()
        try:
            with _put_off(self.roots):
                self.own.exec_module(module)
        except Exception:
            for name in [name for name in sys.modules if name.startswith(f"{module.__name__}.")]:
                del sys.modules[name]
            vars(module).clear()
            vars(module).update(before)
            self.own.exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules of the libraries where they are."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        library = fullname.partition(".")[0]
        waiting = [root for finder in sys.meta_path if isinstance(finder, _PutOff) for root in finder.roots]
        roots = [root for root in _SELDOM.get(fullname, _SELDOM.get(library, ())) if root not in waiting]
        roots = [root for root in roots if root not in sys.modules and find_spec(root.partition(".")[0])]
        if not roots or fullname in roots:
            return None
        if library == "torchmetrics":
            import torch  # noqa: F401 # not in the time of the stand-ins: what it imports is to be real

            if find_spec("srmrpy"):  # needs the name that TorchMetrics gives to scipy.signal for it
                roots = [root for root in roots if root != "scipy.signal"]
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Quick(spec.loader, roots)
        return spec


def defer() -> None:
    """Puts off what libraries import for their seldom parts, where they are not loaded yet.

    Example:
        >>> defer()
        >>> import torchmetrics
        >>> torchmetrics.functional.accuracy.__name__
        'accuracy'
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
