"""Wide kernel: all optimizer steps of an execution in one compiled call, for networks of wide layers.

Vectors lie along the outputs of a layer, but along the samples where a gradient goes back to a layer's inputs. Each
product is sums of scaled rows of a matrix. What is zero is skipped, most pixels of MNIST and half of what ReLU lets
through: forward for two samples at a time, so that a row of the weights that was fetched serves twice, and in the
gradient of the weights for each input. Weights lie in memory with shape ``(inputs, outputs)``; going backward, a row's
gradient is taken and, where no other needs to be known before, its update made at once, while both are at hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from litclf.engines.kernel.losses import binary_loss, multiclass_loss
from litclf.engines.kernel.tiles import BITS, add_rows, lowest, nonzero
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

_SAMPLES, _GROUP = 64, 16
"""Samples whose numbers stay in the cache while they are read again; inputs whose numbers share a cache line."""


@compiled
def _space_for(n: Any) -> Any:
    """Memory for ``n`` float32 that begins where a cache line does, so that no vector lies across two."""
    space = np.empty(n + 16, np.float32)
    skipped = (-np.int64(space.ctypes.data) % 64) // 4
    return space[skipped : skipped + n]


@compiled
def _at(a: Any, index: Any) -> Any:
    """Address of a number of an array of four bytes each."""
    return np.int64(a.ctypes.data) + 4 * index


@compiled
def _forward(z: Any, a: Any, w: Any, b: Any, count: Any, found: Any) -> None:
    """Sums of a layer for ``count`` samples; where these are odd in number, a row more is written."""
    places, scales, _ = found
    o = len(b)
    n = len(w) // o
    for s in range(0, count, 2):
        first0, first1, number = s * n, min(s + 1, count - 1) * n, 0
        for begin in range(0, n, BITS):
            left = min(BITS, n - begin)
            bits = nonzero(a, first0 + begin, left) | nonzero(a, first1 + begin, left)
            while bits:
                i = begin + lowest(bits)
                places[number], scales[number], scales[n + number] = i, a[first0 + i], a[first1 + i]
                bits &= bits - np.uint64(1)
                number += 1
        add_rows(2, (_at(z, s * o), o), (_at(b, 0), 0), o, (_at(w, 0), o), (_at(scales, 0), n), _at(places, 0), number)


@compiled
def _to_inputs(below: Any, a: Any, act: Any, d: Any, w: Any, count: Any, spaces: Any) -> None:
    """Gradient of the sums of the layer below, with units ``a``, from ``d``, that of a layer's sums."""
    n, o = w.shape
    sums, turned, zeros, order = spaces
    nothing = (_at(zeros, 0), 0)
    for start in range(0, count, _SAMPLES):
        width = min(_SAMPLES, count - start)
        pitch = width + -width % 16
        for first in range(0, o, _GROUP):
            for s in range(width):
                for t in range(first, min(first + _GROUP, o)):
                    turned[t * pitch + s] = d[(start + s) * o + t]
        for i in range(0, n, _GROUP):
            group = min(_GROUP, n - i)
            for j in range(0, group - 3, 4):
                own, scales = (_at(sums, j * _SAMPLES), _SAMPLES), (_at(w, (i + j) * o), o)
                add_rows(4, own, nothing, width, (_at(turned, 0), pitch), scales, _at(order, 0), o)
            for j in range(group - group % 4, group):
                own, scales = (_at(sums, j * _SAMPLES), 0), (_at(w, (i + j) * o), 0)
                add_rows(1, own, nothing, width, (_at(turned, 0), pitch), scales, _at(order, 0), o)
            for s in range(width):
                at = (start + s) * n + i
                for j in range(group):
                    below[at + j] = sums[j * _SAMPLES + s] * slope(act, a[at + j])


@compiled
def _descend(
    at_once: Any, kind: Any, c: Any, a: Any, d: Any, dims: Any, address: Any, g: Any, count: Any, found: Any, room: Any
) -> None:
    """Takes a layer's gradient from ``d``, that of its sums: a row of its weights after the other, then the bias.

    ``g`` is where it is written; or, where each row is updated ``at_once``, room for a row.
    """
    (places, scales, numbers), (spread, zeros) = found, room
    n, o = dims
    w, m, v = matrix_at(address[0], n, o), matrix_at(address[2], n, o), matrix_at(address[4], n, o)
    # An odd number of cache lines from row to row, so that rows do not fall on the same lines of the cache.
    pitch = (o + 15) // 16 * 16 | 16
    for s in range(count):
        spread[s * pitch : s * pitch + o] = d[s * o : (s + 1) * o]
    for first in range(0, n, BITS):
        inputs = min(BITS, n - first)
        numbers[:inputs] = 0
        for s in range(count):
            bits = nonzero(a, s * n + first, inputs)
            while bits:
                i: Any = lowest(bits)
                at = i * count + numbers[i]
                places[at], scales[at] = s, a[s * n + first + i]
                numbers[i] += 1
                bits &= bits - np.uint64(1)
        for i in range(inputs):
            row = g if at_once else g[(first + i) * o :]
            factors, which = (_at(scales, i * count), 0), _at(places, i * count)
            add_rows(1, (_at(row, 0), 0), (_at(zeros, 0), 0), o, (_at(spread, 0), pitch), factors, which, numbers[i])
            if at_once:
                update(kind, w[first + i], row, m[first + i], v[first + i], o, c[0])
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
    units = _space_for(first[layers + 1])
    d, below = _space_for((most + 1) * widest), _space_for((most + 1) * widest)
    listed = max(2 * widest, BITS * most)
    found = (np.empty(listed, np.int32), np.empty(listed, np.float32), np.empty(BITS, np.int64))
    zeros, order = np.zeros(max(widest, _SAMPLES), np.float32), np.arange(widest).astype(np.int32)
    turning = (_space_for(_GROUP * _SAMPLES), _space_for(_SAMPLES * widest), zeros, order)
    spreading = (_space_for((widest + 32) * most), zeros)
    inputs, correct = x.reshape(x.size), 0
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
                    _to_inputs(below, a, act, d, matrix_at(addresses[depth, 0], n, o), count, turning)
                g = gradients[end - (n + 1) * o : end]
                _descend(at_once, kind, c, a, d, (n, o), addresses[depth], g, count, found, spreading)
                d, below, end = below, d, end - (n + 1) * o
        if mode != GRADIENTS and not at_once:
            update_all(dims, addresses, (kind, clipping, limit), coefficients[k], gradients)
    return correct
