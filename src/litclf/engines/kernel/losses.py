"""Kernel losses: mean cross-entropy of a mini-batch and its gradient, with weights of classes and label smoothing.

Both are the mean of ``-sum(weights[c] * q[c] * log(p[c]))`` over the samples, where ``p`` are the probabilities and
``q`` is the target: ``1 - smoothing`` at its class, and ``smoothing`` spread evenly over all classes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from litclf.engines.kernel.activations import exponential
from litclf.engines.kernel.updates import compiled


@compiled
def binary_loss(z: Any, y: Any, d: Any, count: Any, weights: Any, smoothing: Any) -> Any:
    """Mean loss and right answers of logits ``z``; writes the gradient of the mean into ``d``."""
    total, right, scale, spread = 0.0, 0, np.float32(1.0 / count), np.float32(0.5) * smoothing
    # The share of class 1 in what counts of a sample, and all that counts, where the target is 0; then the step to 1.
    one, all_of_0 = weights[1] * spread, weights[0] * (np.float32(1) - spread) + weights[1] * spread
    to_one, to_all = (
        weights[1] * (np.float32(1) - spread) - one,
        weights[1] * (np.float32(1) - spread) + weights[0] * spread - all_of_0,
    )
    for s in range(count):
        d[s] = exponential(-abs(z[s]))
        target = np.float32(y[s])
        total += (all_of_0 + target * to_all) * max(z[s], np.float32(0)) - z[s] * (one + target * to_one)
        right += (z[s] > 0) == (y[s] > 0)
    for first in range(0, count, 256):
        # One logarithm of a product instead of many: at most 2 ** 256.
        product, of_ones = 1.0, 1.0
        for s in range(first, min(count, first + 256)):
            product *= 1.0 + d[s]
        total += all_of_0 * math.log(product)
        if to_all != 0:
            for s in range(first, min(count, first + 256)):
                of_ones *= 1.0 + d[s] if y[s] > 0 else 1.0
            total += to_all * math.log(of_ones)
    for s in range(count):
        probability, target = np.float32(1) / (np.float32(1) + d[s]), np.float32(y[s])
        probability = probability if z[s] >= 0 else d[s] * probability
        d[s] = ((all_of_0 + target * to_all) * probability - (one + target * to_one)) * scale
    return total / count, right


@compiled
def multiclass_loss(z: Any, y: Any, d: Any, count: Any, weights: Any, smoothing: Any) -> Any:
    """As :func:`binary_loss`, for logits of shape ``(classes, count)``."""
    total, right, scale = 0.0, 0, np.float32(1.0 / count)
    spread = smoothing / np.float32(len(z))
    of_all = spread * weights.sum()
    for s in range(count):
        top = 0
        for c in range(1, len(z)):
            if z[c, s] > z[top, s]:
                top = c
        largest, partition = z[top, s], np.float32(0)
        for c in range(len(z)):
            d[c, s] = exponential(z[c, s] - largest)
            partition += d[c, s]
        own, level = (np.float32(1) - smoothing) * weights[y[s]], math.log(partition) + largest
        inverse = scale * (own + of_all) / partition
        for c in range(len(z)):
            d[c, s] *= inverse
        d[y[s], s] -= scale * own
        total += own * (level - z[y[s], s])
        if smoothing != 0:
            for c in range(len(z)):
                d[c, s] -= scale * spread * weights[c]
                total += spread * weights[c] * (level - z[c, s])
        right += top == y[s]
    return total / count, right
