"""Kernel updates: what the compiled kernels share, activations, gradient clipping and the optimizers' updates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from litclf.engines.kernel.tiles import adam_rows

ACTIVATIONS = ("identity", "relu", "leaky_relu", "tanh", "sigmoid")
OPTIMIZERS = ("SGD", "Adam", "AdamW")
CLIPS = ("none", "norm", "value")
STEP, GRADIENTS, UPDATE = range(3)
"""What a kernel does at each step: all of it; the gradients alone, into their buffer; the update from there alone."""
IDENTITY, RELU, _LEAKY_RELU, _TANH, _SIGMOID = range(5)
_SGD, _ADAM, _ADAMW = range(3)
NO_CLIP, _NORM, _VALUE = range(3)

# Sums may be reordered into vectors; infinities and NaN keep their meaning.
compiled = njit(cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy", nogil=True)
# As written: a difference of parts that is taken in order keeps the digits that it is for, and all lanes the same.
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
def address_of(a: Any, index: Any) -> Any:
    """Address of a number of an array of four bytes each."""
    return np.int64(a.ctypes.data) + 4 * index


@compiled
def settings_of(kind: Any, c: Any) -> Any:
    """What :func:`update` takes of a row of coefficients."""
    one, (lr, momentum, nesterov, decay, rest1, rest2, eps, correction1, correction2) = np.float32(1), c
    if kind == _SGD:
        return lr, momentum, nesterov, decay, one, one, one
    into, shrunk = (decay, one) if kind == _ADAM else (np.float32(0), one - lr * decay)
    return into, shrunk, rest1, rest2, lr / correction1, one / correction2, eps


@_in_order
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
def to_sums(kind: Any, d: Any, a: Any, n: Any) -> None:
    """Makes ``n`` gradients of units ``a`` those of the sums that they are the activation of, in place."""
    if kind == RELU:
        for j in range(n):
            d[j] = d[j] if a[j] > 0 else np.float32(0)
    else:
        for j in range(n):
            d[j] *= slope(kind, a[j])
