"""Kernel updates: what the compiled kernels share, activations, losses and the optimizers' updates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ACTIVATIONS = ("identity", "relu", "leaky_relu", "tanh", "sigmoid")
OPTIMIZERS = ("SGD", "Adam", "AdamW")
IDENTITY, RELU, _LEAKY_RELU, _TANH, _SIGMOID = range(5)
_SGD, _ADAM, _ADAMW = range(3)

# Sums may be reordered into vectors; infinities and NaN keep their meaning.
compiled = njit(cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy", nogil=True)
# As written: a difference of parts that is taken in order keeps the digits that it is for.
_in_order = njit(cache=True, fastmath={"contract"}, error_model="numpy", nogil=True)

_F = np.float32
_LOG2E, _LN2_HIGH, _LN2_LOW = _F(1.44269504), _F(0.693359375), _F(-2.12194440e-4)
_EXP = tuple(map(_F, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)))
_TANH_TOP = tuple(
    map(
        _F,
        (
            *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11),
            *(5.12229709037114e-8, 1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3),
        ),
    )
)
_TANH_BOTTOM = tuple(map(_F, (1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3)))


@intrinsic
def _pointer(_typing: Any, _address: Any) -> Any:
    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@intrinsic
def _rounded(_typing: Any, _value: Any) -> Any:
    """The whole number nearest to a float32, as a float32: one instruction, also in vectors."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        function = builder.module.declare_intrinsic("llvm.rint", [args[0].type])
        return builder.call(function, args)

    return types.float32(types.float32), codegen


@intrinsic
def _power_of_two(_typing: Any, _exponent: Any) -> Any:
    """Two to the power of a whole float32 in [-126, 127]: its bits are the exponent's."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        whole = ir.IntType(32)
        biased = builder.add(builder.fptosi(args[0], whole), ir.Constant(whole, 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(whole, 23)), ir.FloatType())

    return types.float32(types.float32), codegen


@_in_order
def exponential(x: Any) -> Any:
    """``exp`` of a float32 within 2 units of its last digit, without branches, so that loops become vectors.

    Below -87 it stays at ``exp(-87)``, some 1e-38, and above 88 at ``exp(88)``; NaN stays NaN.
    """
    limited = _F(88) if x > _F(88) else (x if x > _F(-87) else _F(-87))
    power: Any = _rounded(limited * _LOG2E)
    rest = limited - power * _LN2_HIGH - power * _LN2_LOW
    series = _EXP[0]
    for k in range(1, 6):
        series = series * rest + _EXP[k]
    value = ((series * rest) * rest + rest + _F(1)) * _power_of_two(power)
    return value if x == x else x


@_in_order
def hyperbolic_tangent(x: Any) -> Any:
    """``tanh`` of a float32 within some units of its last digit: a fraction of two polynomials, without branches."""
    limit = _F(7.90531110763549805)
    limited = limit if x > limit else (x if x > -limit else -limit)
    square = limited * limited
    top, bottom = _TANH_TOP[0], _TANH_BOTTOM[0]
    for k in range(1, 7):
        top = top * square + _TANH_TOP[k]
    for k in range(1, 4):
        bottom = bottom * square + _TANH_BOTTOM[k]
    return limited * top / bottom if x == x else x


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
            z[j] = hyperbolic_tangent(z[j])
    elif kind == _SIGMOID:
        for j in range(n):
            z[j] = np.float32(1) / (np.float32(1) + exponential(-z[j]))


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
        d[s] = exponential(-abs(z[s]))
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
            d[c, s] = exponential(z[c, s] - largest)
            partition += d[c, s]
        inverse = scale / partition
        for c in range(len(z)):
            d[c, s] *= inverse
        d[y[s], s] -= scale
        total += math.log(partition) + largest - z[y[s], s]
        right += top == y[s]
    return total / count, right
