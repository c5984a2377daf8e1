"""Deferred imports: what TorchMetrics, and so Lightning, imports for its image and audio metrics and its plots.

Torchvision, Matplotlib's pyplot and scipy.signal took a third of the time of Lightning's import. While TorchMetrics is
imported, stand-ins take their place; what it keeps of them turns to the real thing at its first use. Nobody else is
given one: a library that is loaded already stays what it is, and after the import ``sys.modules`` holds no stand-in.
Should another TorchMetrics do more with them than keep them, it is imported anew, the slow way.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader
from types import ModuleType
from typing import Any


class _Use:
    """What is made of a module that was put off: a name in it, or what a call of one gives.

    Args:
        module: The module.
        real: Makes the real thing, when it is asked anything; the module is imported then.
    """

    def __init__(self, module: str, real: Callable[[], Any]) -> None:
        self._module, self._make = module, real

    @cached_property
    def _real(self) -> Any:
        return self._make()

    @property
    def _waits(self) -> bool:
        """Whether TorchMetrics is being imported: it decorates its own functions by what is put off."""
        return isinstance(sys.modules.get(self._module), _StandIn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._waits:
            return _Use(self._module, lambda: self._real(*args, **kwargs))
        return self._real(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by `typing` and `inspect` of all they meet
            raise AttributeError(name)
        if self._waits:
            return _Use(self._module, lambda: getattr(self._real, name))
        return getattr(self._real, name)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._real)

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._real)


class _StandIn(ModuleType):
    """A module that was put off."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        use = _Use(self.__name__, lambda: getattr(importlib.import_module(self.__name__), name))
        return use if use._waits else use._real


class _PutOff(MetaPathFinder, Loader):
    """Finds stand-ins for modules of the libraries ``roots``."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = tuple(roots)

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if any(f"{fullname}.".startswith(f"{root}.") for root in self.roots):
            return spec_from_loader(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: a stand-in is empty."""


@contextmanager
def _put_off() -> Iterator[None]:
    roots = ["torchvision", "matplotlib", "scipy.signal"]
    if find_spec("srmrpy"):  # needs the name that TorchMetrics gives to scipy.signal for it
        roots.remove("scipy.signal")
    finder = _PutOff([root for root in roots if root not in sys.modules])
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name, module in list(sys.modules.items()):
            if isinstance(module, _StandIn):
                del sys.modules[name]
                parent, _, child = name.rpartition(".")
                if vars(sys.modules.get(parent, finder)).get(child) is module:
                    delattr(sys.modules[parent], child)


class _Quick(Loader):
    """Imports TorchMetrics by its own loader, with what it seldom uses put off."""

    def __init__(self, own: Loader) -> None:
        self.own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        import torch  # noqa: F401 # not in the time of the stand-ins: what it imports is to be real

        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.own  # what asks for its source or files asks its own loader
        before = vars(module).copy()
        try:
            with _put_off():
                self.own.exec_module(module)
        except Exception:
            for name in [name for name in sys.modules if name.startswith("torchmetrics.")]:
                del sys.modules[name]
            vars(module).clear()
            vars(module).update(before)
            self.own.exec_module(module)


class _Finder(MetaPathFinder):
    """Finds TorchMetrics where it is, once."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != "torchmetrics":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Quick(spec.loader)
        return spec


def defer() -> None:
    """Puts off what TorchMetrics imports for its optional parts, if it is not loaded yet.

    Example:
        >>> defer()
        >>> import torchmetrics
        >>> torchmetrics.functional.accuracy.__name__
        'accuracy'
    """
    if "torchmetrics" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
