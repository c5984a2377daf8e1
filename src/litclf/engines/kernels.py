"""Compiled steps for fully connected networks on the CPU: all optimizer steps of an execution in one call.

Weights lie in memory with shape ``(inputs, outputs)``, so that the row of one input is contiguous. Going backward, a
row's gradient is taken and its update made at once, while it is in the cache; no gradient of the network is stored, and
the first layer needs none of its inputs.

``run_narrow`` has its vectors along the samples of a mini-batch, for layers of a few units; ``run_wide`` along the
outputs of a layer, and skips inputs that are zero: most pixels of MNIST, and half of what ReLU lets through.
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
_IDENTITY, _RELU, _LEAKY_RELU, _TANH, _SIGMOID = range(5)
_SGD, _ADAM, _ADAMW = range(3)

# Sums may be reordered into vectors; infinities and NaN keep their meaning.
_compiled = njit(cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy", nogil=True)


@intrinsic
def _pointer(_typing: Any, _address: Any) -> Any:
    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@_compiled
def _at(address: Any, rows: Any, columns: Any) -> Any:
    """The float32 matrix that lies at ``address``."""
    return carray(_pointer(address), (rows, columns), np.float32)


@_compiled
def _update(kind: Any, p: Any, g: Any, m: Any, v: Any, n: Any, c: Any) -> None:
    """Updates ``n`` parameters ``p`` by their gradient ``g``, as torch.optim does; ``c`` is a row of coefficients."""
    lr, momentum, nesterov, decay, beta1, beta2, eps, correction1, correction2 = c
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
    size, rest1, rest2 = lr / correction1, np.float32(1) - beta1, np.float32(1) - beta2
    for j in range(n):
        m[j] += (g[j] - m[j]) * rest1
        v[j] = v[j] * beta2 + rest2 * g[j] * g[j]
        p[j] -= size * m[j] / (math.sqrt(v[j]) / correction2 + eps)


@_compiled
def _activate(kind: Any, z: Any, n: Any) -> None:
    """Applies the activation to ``n`` values in place."""
    if kind == _RELU:
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


@_compiled
def _slope(kind: Any, a: Any) -> Any:
    """Derivative of the activation where its output is ``a``."""
    if kind == _RELU:
        return np.float32(1) if a > 0 else np.float32(0)
    if kind == _LEAKY_RELU:
        return np.float32(1) if a > 0 else np.float32(0.01)
    if kind == _TANH:
        return np.float32(1) - a * a
    if kind == _SIGMOID:
        return a * (np.float32(1) - a)
    return np.float32(1)


@_compiled
def _binary_loss(z: Any, y: Any, d: Any, count: Any) -> Any:
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


@_compiled
def _multiclass_loss(z: Any, y: Any, d: Any, count: Any) -> Any:
    """As :func:`_binary_loss`, for logits of shape ``(classes, count)``."""
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


@_compiled
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


@_compiled
def _dot(a: Any, b: Any, n: Any) -> Any:
    total = np.float32(0)
    for t in range(n):
        total += a[t] * b[t]
    return total


@_compiled
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
            w, b = _at(addresses[depth, 0], n, o), _at(addresses[depth, 1], 1, o)
            for t in range(o):
                z = units[first[depth + 1] + t]
                z[:count] = b[0, t]
                for i in range(n):
                    column[i] = w[i, t]
                _add(z, column, a, every, n, count)
                if depth < layers - 1:
                    _activate(act, z, count)
        logits, targets = units[first[layers] :], y[start : start + count]
        if len(logits) == 1:
            losses[k], right = _binary_loss(logits[0], targets, d[0], count)
        else:
            losses[k], right = _multiclass_loss(logits, targets, d, count)
        correct += right if k >= counted else 0
        for depth in range(layers - 1, -1, -1):
            n, o, a, at = dims[depth], dims[depth + 1], units[first[depth] : first[depth + 1]], addresses[depth]
            w, m, v = _at(at[0], n, o), _at(at[2], n, o), _at(at[4], n, o)
            for i in range(n):
                if depth > 0:
                    below[i, :count] = 0
                    _add(below[i], w[i], d, every, o, count)
                    if act == _RELU:
                        for s in range(count):
                            below[i, s] = below[i, s] if a[i, s] > 0 else np.float32(0)
                    else:
                        for s in range(count):
                            below[i, s] *= _slope(act, a[i, s])
                for t in range(o):
                    g[t] = _dot(a[i], d[t], count)
                _update(kind, w[i], g, m[i], v[i], o, c)
            for t in range(o):
                g[t] = d[t, :count].sum()
            _update(kind, _at(at[1], 1, o)[0], g, _at(at[3], 1, o)[0], _at(at[5], 1, o)[0], o, c)
            d, below = below, d
    return correct


@_compiled
def run_wide(batch: Any, network: Any, addresses: Any, coefficients: Any, losses: Any) -> Any:
    """All steps, with vectors along the outputs of a layer; activations lie as ``(samples, units)``."""
    (x, y, rows, counted), (dims, act, kind) = batch, network
    layers, widest, most = len(dims) - 1, dims.max(), (rows[:, 1] - rows[:, 0]).max()
    first = np.zeros(layers + 2, np.int64)
    first[1:] = np.cumsum(dims) * most
    units = np.empty(first[layers + 1], np.float32)
    d, below = np.empty((most, widest), np.float32), np.empty((most, widest), np.float32)
    g, index = np.empty(widest, np.float32), np.empty(max(widest, most), np.int64)
    scales = np.empty(max(widest, most), np.float32)
    correct = 0
    for k in range(len(rows)):
        start, count, c = rows[k, 0], rows[k, 1] - rows[k, 0], coefficients[k]
        for depth in range(layers):
            n, o = dims[depth], dims[depth + 1]
            a = (
                x[start : start + count]
                if depth == 0
                else units[first[depth] : first[depth] + count * n].reshape((count, n))
            )
            z = units[first[depth + 1] : first[depth + 1] + count * o].reshape((count, o))
            w, b = _at(addresses[depth, 0], n, o), _at(addresses[depth, 1], 1, o)
            for s in range(count):
                found = 0
                for i in range(n):
                    if a[s, i] != 0:
                        index[found], scales[found] = i, a[s, i]
                        found += 1
                z[s] = b[0]
                _add(z[s], scales, w, index, found, o)
                if depth < layers - 1:
                    _activate(act, z[s], o)
        o, targets = dims[layers], y[start : start + count]
        logits = units[first[layers] : first[layers] + count * o].reshape((count, o)).T
        if o == 1:
            losses[k], right = _binary_loss(logits[0], targets, d[:, 0], count)
        else:
            losses[k], right = _multiclass_loss(logits, targets, d.T, count)
        correct += right if k >= counted else 0
        for depth in range(layers - 1, -1, -1):
            n, o, at = dims[depth], dims[depth + 1], addresses[depth]
            a = (
                x[start : start + count]
                if depth == 0
                else units[first[depth] : first[depth] + count * n].reshape((count, n))
            )
            w, m, v = _at(at[0], n, o), _at(at[2], n, o), _at(at[4], n, o)
            for i in range(n):
                found = 0
                for s in range(count):
                    if a[s, i] != 0:
                        index[found], scales[found] = s, a[s, i]
                        found += 1
                if depth > 0:
                    for s in range(count):
                        slope = _slope(act, a[s, i])
                        below[s, i] = slope * _dot(w[i], d[s], o) if slope != 0 else np.float32(0)
                g[:o] = 0
                _add(g, scales, d, index, found, o)
                _update(kind, w[i], g, m[i], v[i], o, c)
            g[:o] = 0
            for s in range(count):
                for t in range(o):
                    g[t] += d[s, t]
            _update(kind, _at(at[1], 1, o)[0], g, _at(at[3], 1, o)[0], _at(at[5], 1, o)[0], o, c)
            d, below = below, d
    return correct
