"""Narrow kernel: all optimizer steps of an execution in one compiled call, for networks of a few units a layer.

Vectors lie along the samples of a mini-batch. Weights lie in memory with shape ``(inputs, outputs)``; going backward, a
layer's gradients are taken, then those of its inputs, which the first needs not; then all layers are updated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from litclf.engines.kernel.activations import IDENTITY, SILU, activate, to_sums
from litclf.engines.kernel.losses import binary_loss, multiclass_loss
from litclf.engines.kernel.updates import GRADIENTS, UPDATE, compiled, matrix_at, update_all


@compiled
def _add(z: Any, scales: Any, vectors: Any, n: Any, length: Any) -> None:
    """Adds ``scales[j, k] * vectors[j]`` for the first ``n`` j to ``z[k]``, for all k; four by four at a time."""
    units, k = len(z), 0
    while k + 4 <= units:
        z0, z1, z2, z3, j = z[k], z[k + 1], z[k + 2], z[k + 3], 0
        while j + 4 <= n:
            a0, a1, a2, a3 = scales[j, k], scales[j + 1, k], scales[j + 2, k], scales[j + 3, k]
            b0, b1, b2, b3 = scales[j, k + 1], scales[j + 1, k + 1], scales[j + 2, k + 1], scales[j + 3, k + 1]
            c0, c1, c2, c3 = scales[j, k + 2], scales[j + 1, k + 2], scales[j + 2, k + 2], scales[j + 3, k + 2]
            d0, d1, d2, d3 = scales[j, k + 3], scales[j + 1, k + 3], scales[j + 2, k + 3], scales[j + 3, k + 3]
            v0, v1, v2, v3 = vectors[j], vectors[j + 1], vectors[j + 2], vectors[j + 3]
            for t in range(length):
                x0, x1, x2, x3 = v0[t], v1[t], v2[t], v3[t]
                z0[t] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                z1[t] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
                z2[t] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
                z3[t] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3
            j += 4
        while j < n:
            a0, b0, c0, d0, v0 = scales[j, k], scales[j, k + 1], scales[j, k + 2], scales[j, k + 3], vectors[j]
            for t in range(length):
                x0 = v0[t]
                z0[t] += a0 * x0
                z1[t] += b0 * x0
                z2[t] += c0 * x0
                z3[t] += d0 * x0
            j += 1
        k += 4
    while k < units:
        z0, j = z[k], 0
        while j + 4 <= n:
            a0, a1, a2, a3 = scales[j, k], scales[j + 1, k], scales[j + 2, k], scales[j + 3, k]
            v0, v1, v2, v3 = vectors[j], vectors[j + 1], vectors[j + 2], vectors[j + 3]
            for t in range(length):
                z0[t] += a0 * v0[t] + a1 * v1[t] + a2 * v2[t] + a3 * v3[t]
            j += 4
        while j < n:
            a0, v0 = scales[j, k], vectors[j]
            for t in range(length):
                z0[t] += a0 * v0[t]
            j += 1
        k += 1


@compiled
def _dots(g: Any, a: Any, d: Any, n: Any, length: Any) -> None:
    """Writes the products ``a . d[k]`` of the first ``n`` k to ``g``, four at a time."""
    k = 0
    while k + 4 <= n:
        d0, d1, d2, d3 = d[k], d[k + 1], d[k + 2], d[k + 3]
        s0, s1, s2, s3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for t in range(length):
            x = a[t]
            s0 += x * d0[t]
            s1 += x * d1[t]
            s2 += x * d2[t]
            s3 += x * d3[t]
        g[k], g[k + 1], g[k + 2], g[k + 3] = s0, s1, s2, s3
        k += 4
    while k < n:
        d0, s0 = d[k], np.float32(0)
        for t in range(length):
            s0 += a[t] * d0[t]
        g[k] = s0
        k += 1


@compiled
def _forward(z: Any, slopes: Any, a: Any, at: Any, act: Any, length: Any) -> None:
    """Writes the units of a layer on ``a``, the units below, to ``z``, and what slopes they do not tell."""
    n, o = len(a), len(z)
    w, b = matrix_at(at[0], n, o), matrix_at(at[1], 1, o)
    for t in range(o):
        z[t, :length] = b[0, t]
    _add(z, w, a, n, length)
    for t in range(o):
        activate(act, z[t], slopes[t], length)


@compiled
def _backward(below: Any, a: Any, slopes: Any, d: Any, w: Any, act: Any, length: Any) -> None:
    """Writes the gradients of the units below, which had the values ``a``, to ``below``."""
    n, o = w.shape
    for i in range(n):
        below[i, :length] = 0
    _add(below[:n], w.T, d, o, length)
    for i in range(n):
        to_sums(act, below[i], a[i], slopes[i], length)


@compiled
def run_narrow(mode: Any, batch: Any, network: Any, loss: Any, rule: Any, losses: Any) -> Any:
    """All steps, with vectors along the samples; activations lie as ``(units, samples)``."""
    (x, y, rows, counted), (dims, act, addresses, gradients) = batch, network
    (weights, smoothing), (kind, clipping, limit, coefficients) = loss, rule
    layers, widest, most = len(dims) - 1, dims.max(), (rows[:, 1] - rows[:, 0]).max()
    first = np.zeros(layers + 2, np.int64)
    first[1:] = np.cumsum(dims)
    units = np.empty((first[layers + 1], most), np.float32)
    slopes = np.empty_like(units) if act >= SILU else units
    d, below = np.empty((widest, most), np.float32), np.empty((widest, most), np.float32)
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
                a, above = units[first[depth] : first[depth + 1]], slice(first[depth + 1], first[depth + 2])
                own = act if depth < layers - 1 else IDENTITY
                _forward(units[above], slopes[above], a, addresses[depth], own, count)
            logits, targets = units[first[layers] :], y[start : start + count]
            if len(logits) == 1:
                losses[k], right = binary_loss(logits[0], targets, d[0], count, weights, smoothing)
            else:
                losses[k], right = multiclass_loss(logits, targets, d, count, weights, smoothing)
            correct += right if k >= counted else 0
            end = len(gradients)
            for depth in range(layers - 1, -1, -1):
                n, o, a, at = dims[depth], dims[depth + 1], units[first[depth] : first[depth + 1]], addresses[depth]
                g = gradients[end - (n + 1) * o : end].reshape((n + 1, o))
                for i in range(n):
                    _dots(g[i], a[i], d, o, count)
                for t in range(o):
                    g[n, t] = d[t, :count].sum()
                if depth > 0:
                    _backward(below, a, slopes[first[depth] :], d, matrix_at(at[0], n, o), act, count)
                    d, below = below, d
                end -= (n + 1) * o
        if mode != GRADIENTS:
            update_all(dims, addresses, (kind, clipping, limit), coefficients[k], gradients)
    return correct
