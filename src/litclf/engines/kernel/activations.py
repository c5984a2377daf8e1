"""Kernel activations: their values and slopes, by functions without branches, so that loops become vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from litclf.engines.kernel.updates import compiled, in_order

ACTIVATIONS = ("identity", "relu", "leaky_relu", "tanh", "sigmoid", "selu", "silu", "gelu", "gelu_tanh")
_IDENTITY, RELU, _LEAKY_RELU, _TANH, _SIGMOID, _SELU, SILU, _GELU, _GELU_TANH = range(9)
"""From ``SILU`` on, a value does not tell the slope, which is kept beside it."""

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
_ERF_TOP = tuple(
    map(
        _F,
        (
            *(-2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5),
            *(-7.34990630326855e-4, -2.95459980854025e-3, -1.60960333262415e-2),
        ),
    )
)
_ERF_BOTTOM = tuple(
    map(
        _F,
        (
            *(-1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3),
            *(-7.37332916720468e-3, -1.42647390514189e-2),
        ),
    )
)
_SELU_SCALE, _SELU_ALPHA = _F(1.0507009873554805), _F(1.6732632423543772)
_GELU_INNER, _GELU_CUBE = _F(0.7978845608028654), _F(0.044715)


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


@in_order
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


@in_order
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


@in_order
def error_function(x: Any) -> Any:
    """``erf`` of a float32 within some units of its last digit: a fraction of two polynomials, without branches."""
    limited = _F(4) if x > _F(4) else (x if x > _F(-4) else _F(-4))
    square = limited * limited
    top, bottom = _ERF_TOP[0], _ERF_BOTTOM[0]
    for k in range(1, 7):
        top = top * square + _ERF_TOP[k]
    for k in range(1, 5):
        bottom = bottom * square + _ERF_BOTTOM[k]
    return limited * top / bottom if x == x else x


@compiled
def activate(kind: Any, z: Any, slopes: Any, n: Any) -> None:
    """Applies the activation to ``n`` values in place; the slopes are written where values do not tell them."""
    one, half = _F(1), _F(0.5)
    if kind == RELU:
        for j in range(n):
            z[j] = _F(0) if z[j] < 0 else z[j]  # not `max`, which would swallow NaN
    elif kind == _LEAKY_RELU:
        for j in range(n):
            z[j] = z[j] if z[j] > 0 else _F(0.01) * z[j]
    elif kind == _TANH:
        for j in range(n):
            z[j] = hyperbolic_tangent(z[j])
    elif kind == _SIGMOID:
        for j in range(n):
            z[j] = one / (one + exponential(-z[j]))
    elif kind == _SELU:
        for j in range(n):
            z[j] = _SELU_SCALE * (z[j] if z[j] > 0 else _SELU_ALPHA * (exponential(z[j]) - one))
    elif kind == SILU:
        for j in range(n):
            share = one / (one + exponential(-z[j]))
            slopes[j] = share * (one + z[j] * (one - share))
            z[j] *= share
    elif kind == _GELU:
        for j in range(n):
            share = half + half * error_function(z[j] * _F(0.7071067811865476))
            slopes[j] = share + z[j] * _F(0.3989422804014327) * exponential(-half * z[j] * z[j])
            z[j] *= share
    elif kind == _GELU_TANH:
        for j in range(n):
            square = z[j] * z[j]
            tangent = hyperbolic_tangent(_GELU_INNER * (z[j] + _GELU_CUBE * square * z[j]))
            inner = _GELU_INNER * (one + _F(3) * _GELU_CUBE * square)
            share = half + half * tangent
            slopes[j] = share + half * z[j] * (one - tangent * tangent) * inner
            z[j] *= share


@compiled
def to_sums(kind: Any, d: Any, a: Any, slopes: Any, n: Any) -> None:
    """Makes ``n`` gradients of units ``a`` those of the sums that they are the activation of, in place."""
    if kind == RELU:
        for j in range(n):
            d[j] = d[j] if a[j] > 0 else _F(0)
    elif kind == _LEAKY_RELU:
        for j in range(n):
            d[j] = d[j] if a[j] > 0 else _F(0.01) * d[j]
    elif kind == _TANH:
        for j in range(n):
            d[j] *= _F(1) - a[j] * a[j]
    elif kind == _SIGMOID:
        for j in range(n):
            d[j] *= a[j] * (_F(1) - a[j])
    elif kind == _SELU:
        for j in range(n):
            d[j] *= _SELU_SCALE if a[j] > 0 else a[j] + _SELU_SCALE * _SELU_ALPHA
    elif kind >= SILU:
        for j in range(n):
            d[j] *= slopes[j]
