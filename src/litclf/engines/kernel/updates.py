"""Kernel updates: what the compiled kernels share, activations, losses and the optimizers' updates.

Numba keeps compiled code beside the file of the kernel and looks at the date of that file alone: after a change here,
``touch`` the kernels' files.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ACTIVATIONS = ("identity", "relu", "leaky_relu", "tanh", "sigmoid")
OPTIMIZERS = ("SGD", "Adam", "AdamW")
_IDENTITY, RELU, _LEAKY_RELU, _TANH, _SIGMOID = range(5)
_SGD, _ADAM, _ADAMW = range(3)

# Sums may be reordered into vectors; infinities and NaN keep their meaning.
compiled = njit(cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy", nogil=True)


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
def update(kind: Any, p: Any, g: Any, m: Any, v: Any, n: Any, c: Any) -> None:
    """Updates ``n`` parameters ``p`` by their gradient ``g``, as torch.optim does; ``c`` is a row of coefficients."""
    lr, momentum, nesterov, decay, _, beta2, rest1, rest2, eps, correction1, correction2 = c
    if kind == _SGD:
        for j in range(n):
            g[j] += decay * p[j]
        if momentum == 0:
            for j in range(n):
                p[j] -= lr * g[j]
        else:
            for j in range(n):
                m[j] = momentum * m[j] + g[j]
                p[j] -= lr * (g[j] + momentum * m[j] if nesterov != 0 else m[j])
        return
    if kind == _ADAM:
        for j in range(n):
            g[j] += decay * p[j]
    else:
        for j in range(n):
            p[j] *= np.float32(1) - lr * decay
    size = lr / correction1
    for j in range(n):
        m[j] += (g[j] - m[j]) * rest1
        v[j] = v[j] * beta2 + rest2 * g[j] * g[j]
        p[j] -= size * m[j] / (math.sqrt(v[j]) / correction2 + eps)


@compiled
def activate(kind: Any, z: Any, n: Any) -> None:
    """Applies the activation to ``n`` values in place."""
    if kind == RELU:
        for j in range(n):
            z[j] = np.float32(0) if z[j] < 0 else z[j]  # not `max`, which would swallow NaN
    elif kind == _LEAKY_RELU:
        for j in range(n):
            z[j] = z[j] if z[j] > 0 else np.float32(0.01) * z[j]
    elif kind == _TANH:
        for j in range(n):
            z[j] = math.tanh(z[j])
    elif kind == _SIGMOID:
        for j in range(n):
            z[j] = np.float32(1) / (np.float32(1) + math.exp(-z[j]))


@compiled
def slope(kind: Any, a: Any) -> Any:
    """Derivative of the activation where its output is ``a``."""
    if kind == RELU:
        return np.float32(1) if a > 0 else np.float32(0)
    if kind == _LEAKY_RELU:
        return np.float32(1) if a > 0 else np.float32(0.01)
    if kind == _TANH:
        return np.float32(1) - a * a
    if kind == _SIGMOID:
        return a * (np.float32(1) - a)
    return np.float32(1)


@compiled
def binary_loss(z: Any, y: Any, d: Any, count: Any) -> Any:
    """Mean loss and right answers of logits ``z``; writes the gradient of the mean into ``d``."""
    total, right, scale = 0.0, 0, np.float32(1.0 / count)
    for s in range(count):
        d[s] = math.exp(-abs(z[s]))
        total += max(z[s], np.float32(0)) - z[s] * np.float32(y[s])
        right += (z[s] > 0) == (y[s] > 0)
    for first in range(0, count, 256):
        # One logarithm of a product instead of many: at most 2 ** 256.
        product = 1.0
        for s in range(first, min(count, first + 256)):
            product *= 1.0 + d[s]
        total += math.log(product)
    for s in range(count):
        probability = np.float32(1) / (np.float32(1) + d[s])
        d[s] = ((probability if z[s] >= 0 else d[s] * probability) - np.float32(y[s])) * scale
    return total / count, right


@compiled
def multiclass_loss(z: Any, y: Any, d: Any, count: Any) -> Any:
    """As :func:`binary_loss`, for logits of shape ``(classes, count)``."""
    total, right, scale = 0.0, 0, np.float32(1.0 / count)
    for s in range(count):
        top = 0
        for c in range(1, len(z)):
            if z[c, s] > z[top, s]:
                top = c
        largest, partition = z[top, s], np.float32(0)
        for c in range(len(z)):
            d[c, s] = math.exp(z[c, s] - largest)
            partition += d[c, s]
        inverse = scale / partition
        for c in range(len(z)):
            d[c, s] *= inverse
        d[y[s], s] -= scale
        total += math.log(partition) + largest - z[y[s], s]
        right += top == y[s]
    return total / count, right
