"""Wide kernel: all optimizer steps of an execution in one compiled call, for networks of wide layers.

Vectors lie along the outputs of a layer. A layer's product, the gradient of its weights and that of its inputs are all
sums of rows of a matrix; they are taken for two samples, or two inputs, at a time, so that a row that was fetched
serves twice, and skip what is zero in both: most pixels of MNIST, and half of what ReLU lets through. Weights lie in
memory with shape ``(inputs, outputs)``; going backward, a row's gradient is taken and, where no other
needs to be known before, its update made at once, while both are at hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from litclf.engines.kernel.losses import binary_loss, multiclass_loss
from litclf.engines.kernel.updates import (
    GRADIENTS,
    NO_CLIP,
    STEP,
    UPDATE,
    activate,
    compiled,
    matrix_at,
    slope,
    update,
    update_all,
)

_LANES, _VECTORS = 8, 4
_TILE = _LANES * _VECTORS


@intrinsic
def _add_tile(
    _typing: Any, _z0: Any, _z1: Any, _rows: Any, _offsets: Any, _scales0: Any, _scales1: Any, _n: Any
) -> Any:
    """Adds ``n`` scaled pieces of rows to ``z0`` and ``z1``, all given by address, with both sums kept in registers.

    Two times four vectors of eight are what the registers of common processors hold; LLVM left to itself reads and
    writes the sums in memory at every row.
    """

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        f32, i32, i64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
        vector = ir.VectorType(f32, _LANES)
        undefined, everywhere = ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(i32, _LANES), [0] * _LANES)
        z0, z1, rows, scales0, scales1 = (builder.inttoptr(args[i], f32.as_pointer()) for i in (0, 1, 2, 4, 5))
        offsets = builder.inttoptr(args[3], i64.as_pointer())

        def piece(base: Any, number: int) -> Any:
            return builder.bitcast(builder.gep(base, [i64(number * _LANES)]), vector.as_pointer())

        def spread(base: Any, index: Any) -> Any:
            value = builder.load(builder.gep(base, [index]))
            return builder.shuffle_vector(builder.insert_element(undefined, value, i32(0)), undefined, everywhere)

        sums = [[cgutils.alloca_once(builder, vector) for _ in range(_VECTORS)] for _ in range(2)]
        for z, own in zip((z0, z1), sums, strict=True):
            for number, total in enumerate(own):
                builder.store(builder.load(piece(z, number), align=4), total)
        with cgutils.for_range(builder, args[6]) as loop:
            row = builder.gep(rows, [builder.load(builder.gep(offsets, [loop.index]))])
            scales = [spread(base, loop.index) for base in (scales0, scales1)]
            for number in range(_VECTORS):
                values = builder.load(piece(row, number), align=4)
                for scale, own in zip(scales, sums, strict=True):
                    product = builder.fmul(scale, values, flags=("contract",))
                    total = builder.fadd(builder.load(own[number]), product, flags=("contract",))
                    builder.store(total, own[number])
        for z, own in zip((z0, z1), sums, strict=True):
            for number, total in enumerate(own):
                builder.store(builder.load(total), piece(z, number), align=4)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), codegen


@compiled
def _nonzero(a: Any, first0: Any, first1: Any, step: Any, n: Any, stride: Any, found: Any) -> Any:
    """Finds where two rows (``step`` 1) or columns of ``a`` are not both zero, and notes their values there."""
    offsets, scales0, scales1 = found
    number = 0
    for i in range(n):
        v0, v1 = a[first0 + i * step], a[first1 + i * step]
        offsets[number], scales0[number], scales1[number] = i * stride, v0, v1
        number += (v0 != 0) | (v1 != 0)
    return number


@compiled
def _add_rows(z: Any, first0: Any, first1: Any, width: Any, rows: Any, found: Any, number: Any) -> None:
    """Adds the ``number`` rows found, scaled, to the two rows of ``z`` that begin at ``first0`` and ``first1``."""
    offsets, scales0, scales1 = found
    whole, own, theirs = width - width % _TILE, z.ctypes.data, rows.ctypes.data
    for t in range(0, whole, _TILE):
        at0, at1 = own + 4 * (first0 + t), own + 4 * (first1 + t)
        _add_tile(
            at0, at1, theirs + 4 * t, offsets.ctypes.data, scales0.ctypes.data, scales1.ctypes.data, np.int64(number)
        )
    if whole < width:
        z0, z1 = z[first0 : first0 + width], z[first1 : first1 + width]
        for j in range(number):
            row, scale0, scale1 = rows[offsets[j] :], scales0[j], scales1[j]
            for t in range(whole, width):
                z0[t] += scale0 * row[t]
                z1[t] += scale1 * row[t]


@compiled
def _forward(z: Any, a: Any, w: Any, b: Any, count: Any, found: Any) -> None:
    """Sums of a layer for ``count`` samples; where these are odd in number, a row more is written."""
    o = len(b)
    n = len(w) // o
    for s in range(0, count, 2):
        number = _nonzero(a, s * n, min(s + 1, count - 1) * n, 1, n, o, found)
        z[s * o : (s + 1) * o] = b
        z[(s + 1) * o : (s + 2) * o] = b
        _add_rows(z, s * o, (s + 1) * o, o, w, found, number)


@compiled
def _to_inputs(below: Any, d: Any, w: Any, flipped: Any, count: Any, found: Any) -> None:
    """Gradient of a layer's inputs from ``d``, that of its sums."""
    n, o = w.shape
    for i in range(n):
        for t in range(o):
            flipped[t * n + i] = w[i, t]
    below[: (count + 1) * n] = 0
    for s in range(0, count, 2):
        number = _nonzero(d, s * o, min(s + 1, count - 1) * o, 1, o, n, found)
        _add_rows(below, s * n, (s + 1) * n, n, flipped, found, number)


@compiled
def _descend(
    at_once: Any, kind: Any, c: Any, a: Any, d: Any, dims: Any, address: Any, g: Any, count: Any, found: Any
) -> None:
    """Takes a layer's gradient from ``d``, that of its sums, two rows of its weights at a time, then that of its bias.

    ``g`` is where it is written; or, where each row is updated ``at_once``, room for two rows.
    """
    n, o = dims
    w, m, v = matrix_at(address[0], n, o), matrix_at(address[2], n, o), matrix_at(address[4], n, o)
    for i in range(0, n, 2):
        number, rows = _nonzero(a, i, min(i + 1, n - 1), n, count, o, found), g if at_once else g[i * o :]
        rows[: 2 * o] = 0  # of an odd number, the last falls on the bias, which follows
        _add_rows(rows, 0, o, o, d, found, number)
        if at_once:
            update(kind, w[i], rows, m[i], v[i], o, c[0])
            if i + 1 < n:
                update(kind, w[i + 1], rows[o:], m[i + 1], v[i + 1], o, c[0])
    bias = g if at_once else g[n * o :]
    bias[:o] = 0
    for s in range(count):
        for t in range(o):
            bias[t] += d[s * o + t]
    if at_once:
        p, m, v = matrix_at(address[1], 1, o), matrix_at(address[3], 1, o), matrix_at(address[5], 1, o)
        update(kind, p[0], bias, m[0], v[0], o, c[1])


@compiled
def run_wide(mode: Any, batch: Any, network: Any, loss: Any, rule: Any, losses: Any) -> Any:
    """All steps; activations lie as ``(samples, units)``. Returns the right answers of the counted steps."""
    (x, y, rows, counted), (dims, act, addresses, gradients) = batch, network
    (weights, smoothing), (kind, clipping, limit, coefficients) = loss, rule
    layers, widest, most = len(dims) - 1, dims.max(), (rows[:, 1] - rows[:, 0]).max()
    first = np.zeros(layers + 2, np.int64)
    first[1:] = np.cumsum(dims) * (most + 1)
    units = np.empty(first[layers + 1], np.float32)
    d, below = np.empty((most + 1) * widest, np.float32), np.empty((most + 1) * widest, np.float32)
    longest = max(widest, most) + 1
    found = (np.empty(longest, np.int64), np.empty(longest, np.float32), np.empty(longest, np.float32))
    flipped, inputs, correct = np.empty((dims[:-1] * dims[1:]).max(), np.float32), x.reshape(x.size), 0
    at_once = mode == STEP and clipping == NO_CLIP
    for k in range(len(rows)):
        if mode != UPDATE:
            start, count = rows[k, 0], rows[k, 1] - rows[k, 0]
            for depth in range(layers):
                n, o, z = dims[depth], dims[depth + 1], units[first[depth + 1] :]
                a = inputs[start * n :] if depth == 0 else units[first[depth] :]
                w, b = matrix_at(addresses[depth, 0], 1, n * o)[0], matrix_at(addresses[depth, 1], 1, o)[0]
                _forward(z, a, w, b, count, found)
                if depth < layers - 1:
                    activate(act, z, count * o)
            o, targets = dims[layers], y[start : start + count]
            logits = units[first[layers] :][: count * o].reshape((count, o)).T
            gradient = d[: count * o].reshape((count, o)).T
            if o == 1:
                losses[k], right = binary_loss(logits[0], targets, gradient[0], count, weights, smoothing)
            else:
                losses[k], right = multiclass_loss(logits, targets, gradient, count, weights, smoothing)
            correct += right if k >= counted else 0
            end = len(gradients)
            for depth in range(layers - 1, -1, -1):
                n, o, c = dims[depth], dims[depth + 1], coefficients[k, 2 * depth : 2 * depth + 2]
                a = inputs[start * n :] if depth == 0 else units[first[depth] :]
                if depth > 0:
                    _to_inputs(below, d, matrix_at(addresses[depth, 0], n, o), flipped, count, found)
                    for j in range(count * n):
                        below[j] *= slope(act, a[j])
                g = gradients[end - (n + 1) * o : end]
                _descend(at_once, kind, c, a, d, (n, o), addresses[depth], g, count, found)
                d, below, end = below, d, end - (n + 1) * o
        if mode != GRADIENTS and not at_once:
            update_all(dims, addresses, (kind, clipping, limit), coefficients[k], gradients)
    return correct
