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

from litclf.engines.kernel.activations import RELU, SILU, activate, to_sums
from litclf.engines.kernel.losses import binary_loss, multiclass_loss
from litclf.engines.kernel.tiles import BITS, LANES, add_rows, bits_of, lowest, turn_tile
from litclf.engines.kernel.updates import (
    GRADIENTS,
    NO_CLIP,
    STEP,
    UPDATE,
    address_of,
    compiled,
    matrix_at,
    settings_of,
    space_for,
    update,
    update_all,
)

_SAMPLES, _OUTPUTS, _GROUP = 64, 256, 16
"""Samples and outputs whose numbers stay in the cache while they are read again; inputs that share a cache line."""


@compiled
def _nonzero(a: Any, first: Any, n: Any) -> Any:
    """Which of the ``n`` numbers of ``a`` from ``first`` on, at most ``BITS``, are not zero, as bits."""
    if n == BITS:
        return bits_of(address_of(a, first))
    found = np.uint64(0)
    for i in range(n):
        found |= np.uint64(a[first + i] != 0) << np.uint64(i)
    return found


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
            bits = _nonzero(a, first0 + begin, left) | _nonzero(a, first1 + begin, left)
            while bits:
                i = begin + lowest(bits)
                places[number], scales[number], scales[n + number] = i, a[first0 + i], a[first1 + i]
                bits &= bits - np.uint64(1)
                number += 1
        add_rows(
            2,
            (address_of(z, s * o), o),
            (address_of(b, 0), 0),
            o,
            (address_of(w, 0), o),
            (address_of(scales, 0), n),
            address_of(places, 0),
            number,
        )


@compiled
def _to_inputs(below: Any, a: Any, slopes: Any, act: Any, d: Any, w: Any, dims: Any, count: Any, room: Any) -> None:
    """Gradient of the sums of the layer below, with units ``a``, from ``d``, that of a layer's sums."""
    (n, o), (sums, turned, rows, zeros, order, used) = dims, room
    nothing = (address_of(zeros, 0), 0)
    below[: count * n] = 0
    for start in range(0, count, _SAMPLES):
        width = min(_SAMPLES, count - start)
        pitch = width + -width % 16
        _turn(turned, 0, pitch, d, start * o, o, width, o)
        number = _used(a[start * n :], act, n, width, used)
        for first in range(0, number, _GROUP):
            group = min(_GROUP, number - first)
            weights = address_of(w, first * o)
            if number < n or group < _GROUP:
                weights = address_of(rows, 0)
                for j in range(group):
                    own = used[first + j] * o
                    for t in range(o):
                        rows[j * o + t] = w[own + t]
            for j in range(0, group, 4):  # of less than four, the last write and read what is there
                own, scales = (address_of(sums, j * _SAMPLES), _SAMPLES), (weights + 4 * j * o, o)
                add_rows(4, own, nothing, width, (address_of(turned, 0), pitch), scales, address_of(order, 0), o)
            if number == n:
                _turn(below, start * n + first, n, sums, 0, _SAMPLES, group, width)
            else:
                for s in range(width):
                    for j in range(group):
                        below[(start + s) * n + used[first + j]] = sums[j * _SAMPLES + s]
    to_sums(act, below, a, slopes, count * n)


@compiled
def _turn(to: Any, to_first: Any, to_step: Any, a: Any, first: Any, step: Any, rows: Any, columns: Any) -> None:
    """Writes the transpose of a matrix that begins at ``first`` in ``a``, its rows ``step`` apart, to ``to``."""
    tall, wide = rows - rows % LANES, columns - columns % LANES
    for i in range(0, tall, LANES):
        for j in range(0, wide, LANES):
            corner = address_of(to, to_first + j * to_step + i)
            turn_tile((corner, to_step), (address_of(a, first + i * step + j), step))
    for i in range(rows):
        for j in range(wide if i < tall else 0, columns):
            to[to_first + j * to_step + i] = a[first + i * step + j]


@compiled
def _used(a: Any, act: Any, n: Any, count: Any, used: Any) -> Any:
    """Lists the units that some sample has a slope at, and returns their number."""
    number = 0
    for first in range(0, n, BITS):
        units = min(BITS, n - first)
        bits = ~np.uint64(0) >> np.uint64(BITS - units)
        if act == RELU:
            bits = np.uint64(0)
            for s in range(count):
                bits |= _nonzero(a, s * n + first, units)
        while bits:
            used[number] = first + lowest(bits)
            bits &= bits - np.uint64(1)
            number += 1
    if 2 * number > n:  # most: quicker as they lie, without a copy of their weights
        for i in range(n):
            used[i] = i
        number = n
    return number


@compiled
def _descend(
    at_once: Any, kind: Any, c: Any, a: Any, d: Any, dims: Any, address: Any, g: Any, count: Any, found: Any, room: Any
) -> None:
    """Takes a layer's gradient from ``d``, that of its sums: a row of its weights after the other, then the bias.

    ``g`` is where it is written; or, where each row is updated ``at_once``, room for a row.
    """
    (places, scales, numbers), (spread, zeros) = found, room
    n, o = dims
    settings = settings_of(kind, c[0])
    # An odd number of cache lines from row to row, so that rows do not fall on the same lines of the cache.
    pitch, nothing = (o + 15) // 16 * 16 | 16, (address_of(zeros, 0), 0)
    for s in range(count):
        spread[s * pitch : s * pitch + o] = d[s * o : (s + 1) * o]
    for first in range(0, n, BITS):
        inputs = min(BITS, n - first)
        numbers[:inputs] = 0
        for s in range(count):
            bits = _nonzero(a, s * n + first, inputs)
            while bits:
                i: Any = lowest(bits)
                at = i * count + numbers[i]
                places[at], scales[at] = s, a[s * n + first + i]
                numbers[i] += 1
                bits &= bits - np.uint64(1)
        for t in range(0, o, _OUTPUTS):
            width, pieces = min(_OUTPUTS, o - t), (address_of(spread, t), pitch)
            for i in range(inputs):
                at = (first + i) * o + t
                own = address_of(g, 0 if at_once else at)
                factors, which = (address_of(scales, i * count), 0), address_of(places, i * count)
                add_rows(1, (own, 0), nothing, width, pieces, factors, which, numbers[i])
                if at_once:
                    here = (address[0] + 4 * at, address[2] + 4 * at, address[4] + 4 * at)
                    update(kind, settings, here, own, width)
    bias = g if at_once else g[n * o :]
    bias[:o] = 0
    for s in range(count):
        for t in range(o):
            bias[t] += d[s * o + t]
    if at_once:
        update(kind, settings_of(kind, c[1]), (address[1], address[3], address[5]), address_of(bias, 0), o)


@compiled
def run_wide(mode: Any, batch: Any, network: Any, loss: Any, rule: Any, losses: Any) -> Any:
    """All steps; activations lie as ``(samples, units)``. Returns the right answers of the counted steps."""
    (x, y, rows, counted), (dims, act, addresses, gradients) = batch, network
    (weights, smoothing), (kind, clipping, limit, coefficients) = loss, rule
    layers, widest, most = len(dims) - 1, dims.max(), (rows[:, 1] - rows[:, 0]).max()
    first = np.zeros(layers + 2, np.int64)
    first[1:] = np.cumsum(dims) * (most + 1)
    units = space_for(first[layers + 1])
    slopes = np.empty_like(units) if act >= SILU else units
    d, below = space_for((most + 1) * widest), space_for((most + 1) * widest)
    listed = max(2 * widest, BITS * most)
    found = (np.empty(listed, np.int32), np.empty(listed, np.float32), np.empty(BITS, np.int64))
    zeros, order = np.zeros(max(widest, _SAMPLES), np.float32), np.arange(widest).astype(np.int32)
    turning = (
        *(space_for(_GROUP * _SAMPLES), space_for(_SAMPLES * widest), space_for(_GROUP * widest)),
        *(zeros, order, np.empty(widest, np.int64)),
    )
    spreading = (space_for((widest + 32) * most), zeros)
    inputs, correct = x.reshape(x.size), 0
    at_once = mode == STEP and clipping == NO_CLIP
    for k in range(len(rows)):
        if mode != UPDATE:
            start, count = rows[k, 0], rows[k, 1] - rows[k, 0]
            for depth in range(layers):
                n, o, z = dims[depth], dims[depth + 1], units[first[depth + 1] :]
                a = inputs[start * n :] if depth == 0 else units[first[depth] :]
                w, b = (
                    matrix_at(addresses[depth, 0], 1, n * o)[0],
                    matrix_at(addresses[depth, 1], 1, o)[0],
                )
                _forward(z, a, w, b, count, found)
                if depth < layers - 1:
                    activate(act, z, slopes[first[depth + 1] :], count * o)
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
                    w = matrix_at(addresses[depth, 0], 1, n * o)[0]
                    _to_inputs(below, a, slopes[first[depth] :], act, d, w, (n, o), count, turning)
                g = gradients[end - (n + 1) * o : end]
                _descend(at_once, kind, c, a, d, (n, o), addresses[depth], g, count, found, spreading)
                d, below, end = below, d, end - (n + 1) * o
        if mode != GRADIENTS and not at_once:
            update_all(dims, addresses, (kind, clipping, limit), coefficients[k], gradients)
    return correct
