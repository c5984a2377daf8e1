"""Colours that people who see fewer of them can still tell apart."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

TRAIN, VAL = "#0072B2", "#D55E00"
RIGHT, WRONG = "#00795A", "#C04000"
GREY = "#767676"

_CLASSES = (
    # Okabe and Ito's eight, black and yellow last, as they are the hardest to see on white and among dark lines
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C510A", "#999999", "#000000", "#F0E442"),
)


def class_colours(num_classes: int) -> NDArray[np.float64]:
    """One colour a class, shape ``(num_classes, 3)``, red, green and blue in [0, 1].

    Up to ten are Okabe and Ito's; more are taken from a rainbow, in which neighbours look alike.

    Example:
        >>> class_colours(2).round(2)
        array([[0.  , 0.45, 0.7 ],
               [0.84, 0.37, 0.  ]])
    """
    if num_classes <= len(_CLASSES):
        return np.array([to_rgb(colour) for colour in _CLASSES[:num_classes]]).reshape(num_classes, 3)
    return np.asarray(colormaps["turbo"](np.linspace(0.03, 0.97, num_classes)))[:, :3]
