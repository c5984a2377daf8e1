"""Sources of `own_data.py`, written as a newcomer has them: tables and folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine


def write_iris() -> None:
    """Iris, with the names of the species as its classes."""
    iris = load_iris(as_frame=True)
    iris.data.assign(species=iris.target_names[iris.target]).to_csv("iris.csv", index=False)


def write_wine() -> None:
    """Wine, with one value in twenty missing."""
    wine = load_wine(as_frame=True)
    frame = wine.data.mask(np.random.default_rng(0).random(wine.data.shape) < 0.05)
    frame.assign(cultivar=wine.target).to_csv("wine.csv", index=False)


def write_cancer() -> None:
    """Breast cancer in CP949, with Korean headers and classes."""
    cancer = load_breast_cancer(as_frame=True)
    frame = cancer.data.set_axis([f"측정값 {number}" for number in range(30)], axis=1)
    frame.assign(진단=np.array(["악성", "양성"])[cancer.target]).to_csv("cancer.csv", index=False, encoding="cp949")


def write_digits() -> None:
    """The 8 x 8 pixels of digits as 64 columns."""
    load_digits(as_frame=True).frame.to_csv("digits.csv", index=False)


TABLES = {"iris": write_iris, "wine": write_wine, "cancer": write_cancer, "digits": write_digits}
"""Each writes the table of its name as CSV."""


def write_images(pixels: NDArray[np.uint8], classes: list[str], folder: Path) -> Path:
    """Images as PNG files in a folder for each class."""
    for row, (image, name) in enumerate(zip(pixels, classes, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name / f"{row:05d}.png")
    return folder


def write_pictures(folder: Path) -> Path:
    """Digits as 8 x 8 PNG files."""
    digits = load_digits()
    return write_images(np.round(digits.images * 255 / 16).astype(np.uint8), [*map(str, digits.target)], folder)


def write_large(path: Path, gigabytes: float) -> None:
    """A CSV of ten measures, a colour and a class, whose first ten thousand rows are repeated.

    Args:
        path: The file.
        gigabytes: Its size, in 1 000 000 000 bytes.
    """
    stream = np.random.default_rng(0)
    frame = pd.DataFrame(stream.normal(size=(10_000, 10)).round(6), columns=[f"x{number}" for number in range(10)])
    frame["colour"] = stream.choice(["red", "green", "blue"], len(frame))
    frame["kind"] = np.where(frame["x0"] + frame["x1"] * (frame["colour"] == "red") > 0, "large", "small")
    header, _, rows = frame.to_csv(index=False).partition("\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        while file.tell() < gigabytes * 1e9:
            file.write(rows)
