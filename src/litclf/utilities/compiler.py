"""Compiler import: ``torch._dynamo``, which optimizers import to keep out of it, put off until something is compiled.

It takes as long as the rest of PyTorch. An optimizer asks it for two things, which need no compiler while nothing is
compiled: functions that are not to be compiled, and breaks in a graph that there is none of. Whatever else is asked for
imports it, into the very module that is there already; the functions that were given out turn to its own then.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any

from litclf.utilities.deferred import Absent, Use

_NAME = "torch._dynamo"

_ASK_OBJECTS = ("lightning.fabric.wrappers", "lightning.pytorch.utilities.compile")
"""Modules that import a class of it to ask whether an object is one."""


class _Waiting(Absent):
    """The module, empty but for what needs no compiler.

    Args:
        finder: Loads the rest, once the module is made.
    """

    def __init__(self, finder: _Finder) -> None:
        super().__init__(_NAME)
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        if not self._finder.ready:  # the import asks for what it is to set
            raise AttributeError(name)
        if name == "OptimizedModule" and _importer() in _ASK_OBJECTS:
            return Use(_NAME, lambda: getattr(self, name))
        self._finder.load()
        return ModuleType.__getattribute__(self, name)


def _importer() -> str | None:
    """Name of the module that asks :class:`_Waiting` for a name of its."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") in (__name__, "importlib._bootstrap"):
        frame = frame.f_back
    return frame.f_globals.get("__name__") if frame else None


class _Loaded(Loader):
    """Gives a module that is there as it is: the import of its parent has brought it."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec


class _Finder(MetaPathFinder, Loader):
    """Finds the module, which waits until it is asked for what only the real one has."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.module: ModuleType | None = None
        self.own: Loader | None = None
        self.ready = self.asked = self.loaded = False
        self.given: list[tuple[list[Callable[..., Any]], tuple[Any, ...], dict[str, Any]]] = []

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname == _NAME and self.module is None:
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None and spec.loader is not None:
                self.own, spec.loader = spec.loader, self
            return spec
        if fullname.startswith(f"{_NAME}.") and self.module is not None and not self.asked:
            self.load()
            module = sys.modules.get(fullname)
            return None if module is None else spec_from_loader(fullname, _Loaded(module))
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.module = _Waiting(self)
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.own  # what asks for its source asks its own loader
        vars(module).update(disable=self.disable, graph_break=_break_nothing)
        self.ready = True

    def load(self) -> None:
        """Imports the real thing, once; what asks for more of it within its import is told as ever."""
        with self.lock:
            if self.asked:
                return
            module, own = self.module, self.own
            assert module is not None
            assert own is not None
            self.asked = True
            del module.disable, module.graph_break
            try:
                own.exec_module(module)
            except BaseException:
                self.asked = False
                self.exec_module(module)
                raise
            self.loaded, module.__class__ = True, ModuleType
            for target, args, kwargs in self.given:
                target[0] = module.disable(target[0], *args, **kwargs)

    def disable(self, fn: Any = None, *args: Any, **kwargs: Any) -> Any:
        """A function that calls ``fn`` and is not to be compiled; what is no function is left to the real one."""
        with self.lock:
            if self.loaded or not isinstance(fn, FunctionType):
                self.load()
                return self.module.disable(fn, *args, **kwargs)  # type: ignore[union-attr]
            target: list[Callable[..., Any]] = [fn]
            self.given.append((target, args, kwargs))

        @wraps(fn)
        def plain(*args: Any, **kwargs: Any) -> Any:
            return target[0](*args, **kwargs)

        return plain


def _break_nothing(*_: Any, **__: Any) -> None:
    """Breaks the graph that is compiled: none is, before the compiler is there."""


def defer_compiler() -> None:
    """Puts the import of ``torch._dynamo`` off, if it is not loaded yet.

    Example:
        >>> defer_compiler()
        >>> import torch
        >>> torch.compile(torch.nn.ReLU(), backend="eager")(torch.tensor(-1.0))
        tensor(0.)
    """
    if _NAME not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
