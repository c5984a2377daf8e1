"""Kernel updates: how the kernels are compiled, gradient clipping and the optimizers' updates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from litclf.engines.kernel.tiles import adam_rows

OPTIMIZERS = ("SGD", "Adam", "AdamW")
CLIPS = ("none", "norm", "value")
STEP, GRADIENTS, UPDATE = range(3)
"""What a kernel does at each step: all of it; the gradients alone, into their buffer; the update from there alone."""
_SGD, _ADAM, _ADAMW = range(3)
NO_CLIP, _NORM, _VALUE = range(3)

# Sums may be reordered into vectors; infinities and NaN keep their meaning.
compiled = njit(cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy", nogil=True)
# As written: a difference of parts that is taken in order keeps the digits that it is for, and all lanes the same.
in_order = njit(cache=True, fastmath={"contract"}, error_model="numpy", nogil=True)


@intrinsic
def _pointer(_typing: Any, _address: Any) -> Any:
    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@compiled
def matrix_at(address: Any, rows: Any, columns: Any) -> Any:
    """The float32 matrix that lies at ``address``."""
    return carray(_pointer(address), (rows, columns), np.float32)


@compiled
def address_of(a: Any, index: Any) -> Any:
    """Address of a number of an array of four bytes each."""
    return np.int64(a.ctypes.data) + 4 * index


@compiled
def space_for(n: Any) -> Any:
    """Memory for ``n`` float32 that begins where a cache line does, so that no vector lies across two."""
    space = np.empty(n + 16, np.float32)
    skipped = (-np.int64(space.ctypes.data) % 64) // 4
    return space[skipped : skipped + n]


@compiled
def settings_of(kind: Any, c: Any) -> Any:
    """What :func:`update` takes of a row of coefficients."""
    one, (lr, momentum, nesterov, decay, rest1, rest2, eps, correction1, correction2) = np.float32(1), c
    if kind == _SGD:
        return lr, momentum, nesterov, decay, one, one, one
    into, shrunk = (decay, one) if kind == _ADAM else (np.float32(0), one - lr * decay)
    return into, shrunk, rest1, rest2, lr / correction1, one / correction2, eps


@in_order
def update(kind: Any, settings: Any, address: Any, gradient: Any, n: Any) -> None:
    """Updates the ``n`` parameters at the first address, with states at the others, as torch.optim does.

    Each gets the same bits wherever in an array it stands, by vectors or one by one.
    """
    if kind != _SGD:
        adam_rows(address[0], gradient, address[1], address[2], n, settings)
        return
    lr, momentum, nesterov, decay, _, _, _ = settings
    p, g, m = matrix_at(address[0], 1, n)[0], matrix_at(gradient, 1, n)[0], matrix_at(address[1], 1, n)[0]
    if momentum == 0:
        for j in range(n):
            p[j] -= lr * (g[j] + decay * p[j])
    else:
        for j in range(n):
            new = g[j] + decay * p[j]
            m[j] = momentum * m[j] + new
            p[j] -= lr * (new + momentum * m[j] if nesterov != 0 else m[j])


@compiled
def clip(kind: Any, limit: Any, g: Any) -> None:
    """Clips the gradients of all parameters, as ``clip_grad_norm_`` and ``clip_grad_value_`` of PyTorch do."""
    if kind == _NORM:
        total = 0.0
        for first in range(0, len(g), 4096):  # in parts, so that single precision is enough for each
            part = np.float32(0)
            for j in range(first, min(first + 4096, len(g))):
                part += g[j] * g[j]
            total += float(part)
        scale = np.float32(limit / (math.sqrt(total) + 1e-6))
        if not scale >= 1:  # what is not a number is not hidden
            for j in range(len(g)):
                g[j] *= scale
    elif kind == _VALUE:
        for j in range(len(g)):
            g[j] = limit if g[j] > limit else (-limit if g[j] < -limit else g[j])


@compiled
def update_all(dims: Any, addresses: Any, rule: Any, c: Any, g: Any) -> None:
    """Clips the gradients ``g`` of all layers, each of the weights and then of the bias, and updates by them."""
    (kind, clipping, limit), first = rule, 0
    clip(clipping, limit, g)
    for depth in range(len(dims) - 1):
        n, o, at = dims[depth], dims[depth + 1], addresses[depth]
        for part, size in enumerate((n * o, o)):  # states lie two columns on
            settings = settings_of(kind, c[2 * depth + part])
            update(kind, settings, (at[part], at[part + 2], at[part + 4]), address_of(g, first), size)
            first += size
