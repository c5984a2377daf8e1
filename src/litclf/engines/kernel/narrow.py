"""Narrow kernel: all optimizer steps of an execution in one compiled call, for networks of a few units a layer.

Vectors lie along the samples of a mini-batch. Weights lie in memory with shape ``(inputs, outputs)``; going backward, a
layer's gradients are taken, then those of its inputs, which the first needs not; then all layers are updated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from litclf.engines.kernel.activations import SILU, activate, to_sums
from litclf.engines.kernel.losses import binary_loss, multiclass_loss
from litclf.engines.kernel.tiles import DOTS, add_rows, dot_rows
from litclf.engines.kernel.updates import GRADIENTS, UPDATE, address_of, compiled, matrix_at, space_for, update_all


@compiled
def _sums(z: Any, rows: Any, scales: Any, count: Any, n: Any, length: Any, room: Any) -> None:
    """Writes to each of ``count`` rows of ``z`` the sum of ``n`` scaled rows, four of them at a time.

    Where these are no whole fours, the last four begin earlier, and some are written twice.
    """
    zeros, order = room
    nothing = (address_of(zeros, 0), 0)
    for first in range(0, count - 3, 4):
        add_rows(4, _row(z, first), nothing, length, rows, _row(scales, first), address_of(order, 0), n)
    if count > 4 and count % 4:
        add_rows(4, _row(z, count - 4), nothing, length, rows, _row(scales, count - 4), address_of(order, 0), n)
    for row in range(count if count < 4 else 0):
        add_rows(1, _row(z, row), nothing, length, rows, _row(scales, row), address_of(order, 0), n)


@compiled
def _row(matrix: Any, number: Any) -> Any:
    """A matrix, a pair of its address and how many numbers lie from row to row, from a row on."""
    return matrix[0] + 4 * number * matrix[1], matrix[1]


@compiled
def _products(g: Any, a: Any, d: Any, count: Any, o: Any, length: Any) -> None:
    """Writes to ``g`` the products of ``count`` rows of ``a`` with ``o`` rows of ``d``, by fours where there are."""
    tall, wide = 4 if count >= 4 else 1, DOTS if o >= DOTS else 1
    for row in range(0, count, tall):
        i = min(row, count - tall)
        for column in range(0, o, wide):
            t = min(column, o - wide)
            own, left, right = (g[0] + 4 * (i * g[1] + t), g[1]), _row(a, i), _row(d, t)
            if tall == 4 and wide == DOTS:
                dot_rows(4, DOTS, own, left, right, length)
            elif tall == 4:
                dot_rows(4, 1, own, left, right, length)
            elif wide == DOTS:
                dot_rows(1, DOTS, own, left, right, length)
            else:
                dot_rows(1, 1, own, left, right, length)


@compiled
def _flip(flipped: Any, at: Any, n: Any, o: Any) -> None:
    """Writes the weights of each unit of a layer, and its bias behind them."""
    w, b = matrix_at(at[0], n, o), matrix_at(at[1], 1, o)
    for t in range(o):
        for i in range(n):
            flipped[t * (n + 1) + i] = w[i, t]
        flipped[t * (n + 1) + n] = b[0, t]


@compiled
def run_narrow(mode: Any, batch: Any, network: Any, loss: Any, rule: Any, losses: Any) -> Any:
    """All steps, with vectors along the samples; activations lie as ``(units, samples)``."""
    (x, y, rows, counted), (dims, act, addresses, gradients) = batch, network
    (weights, smoothing), (kind, clipping, limit, coefficients) = loss, rule
    layers, widest, most = len(dims) - 1, dims.max(), (rows[:, 1] - rows[:, 0]).max()
    first = np.zeros(layers + 2, np.int64)
    first[1:] = np.cumsum(dims + 1)  # behind the units of each layer a row of ones, whose weights are the bias
    pitch = (most + 15) // 16 * 16 | 16  # an odd number of cache lines
    units = space_for(first[layers + 1] * pitch).reshape((first[layers + 1], pitch))
    for depth in range(layers):
        units[first[depth + 1] - 1] = 1
    slopes = np.empty_like(units) if act >= SILU else units
    d, below = space_for(widest * pitch).reshape((widest, pitch)), space_for(widest * pitch).reshape((widest, pitch))
    flipped, room = (
        np.empty((widest + 1) * widest, np.float32),
        (np.zeros(pitch, np.float32), np.arange(widest + 1).astype(np.int32)),
    )
    correct, held = 0, (np.int64(-1), np.int64(-1))
    for k in range(len(rows)):
        if mode != UPDATE:
            start, count = rows[k, 0], rows[k, 1] - rows[k, 0]
            if held != (start, count):  # full-batch steps share their inputs
                for s in range(count):
                    for i in range(dims[0]):
                        units[i, s] = x[start + s, i]
                held = (start, count)
            for depth in range(layers):
                n, o, a, z = dims[depth], dims[depth + 1], units[first[depth] :], units[first[depth + 1] :]
                _flip(flipped, addresses[depth], n, o)
                scales = (address_of(flipped, 0), n + 1)
                _sums((address_of(z, 0), pitch), (address_of(a, 0), pitch), scales, o, n + 1, count, room)
                for t in range(o if depth < layers - 1 else 0):
                    activate(act, z[t], slopes[first[depth + 1] + t], count)
            logits, targets = units[first[layers] : first[layers] + dims[layers]], y[start : start + count]
            if len(logits) == 1:
                losses[k], right = binary_loss(logits[0], targets, d[0], count, weights, smoothing)
            else:
                losses[k], right = multiclass_loss(logits, targets, d, count, weights, smoothing)
            correct += right if k >= counted else 0
            end = len(gradients)
            for depth in range(layers - 1, -1, -1):
                n, o, a = dims[depth], dims[depth + 1], units[first[depth] :]
                end -= (n + 1) * o
                sent = (address_of(d, 0), pitch)
                _products((address_of(gradients, end), o), (address_of(a, 0), pitch), sent, n + 1, o, count)
                if depth > 0:
                    _sums((address_of(below, 0), pitch), sent, (addresses[depth, 0], o), n, o, count, room)
                    for i in range(n):
                        to_sums(act, below[i], a[i], slopes[first[depth] + i], count)
                    d, below = below, d
        if mode != GRADIENTS:
            update_all(dims, addresses, (kind, clipping, limit), coefficients[k], gradients)
    return correct
