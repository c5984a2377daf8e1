"""Pictures of a run folder, ready to stand in the page."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple


class Image(NamedTuple):
    """A picture with its words.

    Attributes:
        file: Its name in the run folder.
        title: What it is called.
        alt: What it shows, for who does not see it.
        caption: How to read it.
        is_broad: Whether it has several panels beside each other, which take the whole width of the page.
        source: The picture itself, as a ``data:`` address.
    """

    file: str
    title: str
    alt: str
    caption: str
    is_broad: bool = False
    source: str = ""


KNOWN = (
    Image("data.png", "Data", "Scatter plot of the samples, coloured by class", "The samples before training."),
    Image(
        "boundary.png",
        "Decision boundary",
        "Map of the predicted probability over the plane, with the training samples on top",
        "Shading is the probability; the line is where the prediction changes; errors are marked.",
    ),
    Image(
        "boundary.gif",
        "The boundary as it formed",
        "Film of the decision boundary from the first step to the last",
        "A frame every few steps, from before the first one to the end.",
    ),
    Image(
        "curves.png",
        "Curves",
        "Loss and accuracy of train and validation over the optimizer steps",
        "Train and validation in one chart, with the best epoch and the baselines.",
    ),
    Image(
        "confusion_matrix.png",
        "Confusion matrix",
        "Table of true against predicted classes on the test split",
        "Rows are true classes, columns predicted ones; off the diagonal lie the errors.",
    ),
    Image(
        "reliability.png",
        "Reliability",
        "Accuracy against predicted probability, in bins",
        "On the diagonal, probabilities mean what they say; below it, the model is too sure of itself.",
    ),
    Image(
        "roc.png",
        "ROC and precision-recall",
        "Curves of true against false positives, and of precision against recall",
        "Every threshold of the probability at once; the nearer to the corner, the better the classes are told apart.",
        is_broad=True,
    ),
    Image(
        "gradients.png",
        "Gradients",
        "Gradient norm of each layer over the optimizer steps",
        "Layers whose line sinks far below the others hardly learn.",
        is_broad=True,
    ),
    Image(
        "predictions.png",
        "Predictions",
        "One test image of each class with its prediction and probability",
        "One test image of each class, with what the model says of it.",
        is_broad=True,
    ),
    Image(
        "worst.png",
        "Worst errors",
        "The test images with the highest loss",
        "Where the model was surest of a wrong answer.",
        is_broad=True,
    ),
    Image(
        "restoration.png",
        "Restoration",
        "The corrupted, the restored and the original image beside each other",
        "What was given, what was found, and what it should be.",
        is_broad=True,
    ),
)


def images(folder: Path, without: Collection[str] = ()) -> Iterator[Image]:
    """The known pictures that lie in ``folder``, in the order to show them, less those named in ``without``."""
    for image in KNOWN:
        path = folder / image.file
        if image.file not in without and path.is_file():
            kind = path.suffix.removeprefix(".")
            text = base64.b64encode(path.read_bytes()).decode("ascii")
            yield image._replace(source=f"data:image/{kind};base64,{text}")
