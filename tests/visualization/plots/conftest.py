"""Looking at pictures: the colour at a point, the texts of a legend."""

import numpy as np
import pytest

from litclf.visualization.plots.canvas import pixels


@pytest.fixture
def colour_at():
    """Red, green and blue in [0, 1] at a point of an axes, in the axes' own coordinates."""

    def look(axes, x, y):
        picture = pixels(axes.figure)
        across, up = axes.transData.transform((x, y))
        return picture[picture.shape[0] - 1 - int(up), int(across)] / 255

    return look


@pytest.fixture
def legend_texts():
    return lambda legend: [text.get_text() for text in legend.get_texts()]


@pytest.fixture
def two_classes():
    """Points left and right of 0, and their classes."""
    x = np.random.default_rng(0).uniform(-1, 1, size=(200, 2)).astype(np.float32)
    x[:, 0] += np.where(x[:, 0] > 0, 0.2, -0.2)
    return x, (x[:, 0] > 0).astype(np.int64)
