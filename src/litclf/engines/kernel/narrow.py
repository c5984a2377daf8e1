"""Narrow kernel: all optimizer steps of an execution in one compiled call, for networks of a few units a layer.

Vectors lie along the samples of a mini-batch. Weights lie in memory with shape ``(inputs, outputs)``; going backward, a
row's gradient is taken and its update made at once, while it is in the cache, and the first layer needs no gradient of
its inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from litclf.engines.kernel.updates import (
    RELU,
    activate,
    binary_loss,
    compiled,
    matrix_at,
    multiclass_loss,
    slope,
    update,
)


@compiled
def _add(z: Any, scales: Any, vectors: Any, index: Any, n: Any, length: Any) -> None:
    """Adds ``scales[j] * vectors[index[j]]`` for the first ``n`` j to ``z``, four at a time."""
    j = 0
    while j + 4 <= n:
        s0, s1, s2, s3 = scales[j], scales[j + 1], scales[j + 2], scales[j + 3]
        v0, v1, v2, v3 = vectors[index[j]], vectors[index[j + 1]], vectors[index[j + 2]], vectors[index[j + 3]]
        for t in range(length):
            z[t] += s0 * v0[t] + s1 * v1[t] + s2 * v2[t] + s3 * v3[t]
        j += 4
    while j < n:
        s0, v0 = scales[j], vectors[index[j]]
        for t in range(length):
            z[t] += s0 * v0[t]
        j += 1


@compiled
def _dot(a: Any, b: Any, n: Any) -> Any:
    total = np.float32(0)
    for t in range(n):
        total += a[t] * b[t]
    return total


@compiled
def run_narrow(batch: Any, network: Any, addresses: Any, coefficients: Any, losses: Any) -> Any:
    """All steps, with vectors along the samples; activations lie as ``(units, samples)``."""
    (x, y, rows, counted), (dims, act, kind) = batch, network
    layers, widest, most = len(dims) - 1, dims.max(), (rows[:, 1] - rows[:, 0]).max()
    first = np.zeros(layers + 2, np.int64)
    first[1:] = np.cumsum(dims)
    units = np.empty((first[layers + 1], most), np.float32)
    d, below = np.empty((widest, most), np.float32), np.empty((widest, most), np.float32)
    g, every, column = np.empty(widest, np.float32), np.arange(widest), np.empty(widest, np.float32)
    correct, held = 0, (np.int64(-1), np.int64(-1))
    for k in range(len(rows)):
        start, count, c = rows[k, 0], rows[k, 1] - rows[k, 0], coefficients[k]
        if held != (start, count):  # full-batch steps share their inputs
            for s in range(count):
                for i in range(dims[0]):
                    units[i, s] = x[start + s, i]
            held = (start, count)
        for depth in range(layers):
            n, o, a = dims[depth], dims[depth + 1], units[first[depth] : first[depth + 1]]
            w, b = matrix_at(addresses[depth, 0], n, o), matrix_at(addresses[depth, 1], 1, o)
            for t in range(o):
                z = units[first[depth + 1] + t]
                z[:count] = b[0, t]
                for i in range(n):
                    column[i] = w[i, t]
                _add(z, column, a, every, n, count)
                if depth < layers - 1:
                    activate(act, z, count)
        logits, targets = units[first[layers] :], y[start : start + count]
        if len(logits) == 1:
            losses[k], right = binary_loss(logits[0], targets, d[0], count)
        else:
            losses[k], right = multiclass_loss(logits, targets, d, count)
        correct += right if k >= counted else 0
        for depth in range(layers - 1, -1, -1):
            n, o, a, at = dims[depth], dims[depth + 1], units[first[depth] : first[depth + 1]], addresses[depth]
            w, m, v = matrix_at(at[0], n, o), matrix_at(at[2], n, o), matrix_at(at[4], n, o)
            for i in range(n):
                if depth > 0:
                    below[i, :count] = 0
                    _add(below[i], w[i], d, every, o, count)
                    if act == RELU:
                        for s in range(count):
                            below[i, s] = below[i, s] if a[i, s] > 0 else np.float32(0)
                    else:
                        for s in range(count):
                            below[i, s] *= slope(act, a[i, s])
                for t in range(o):
                    g[t] = _dot(a[i], d[t], count)
                update(kind, w[i], g, m[i], v[i], o, c)
            for t in range(o):
                g[t] = d[t, :count].sum()
            update(kind, matrix_at(at[1], 1, o)[0], g, matrix_at(at[3], 1, o)[0], matrix_at(at[5], 1, o)[0], o, c)
            d, below = below, d
    return correct
