"""Image ranges: what of the range of 16 bits a sample of image files uses, and what to do where it is little."""

from __future__ import annotations

from pathlib import Path

from litclf.preprocessing.image import deepest, in_threads

_SAMPLED = 100
"""Images that are looked at to tell whether a folder is grey, and what of their range its images use."""

_WHITES = (255, 1023, 4095, 16383)
"""What is white in images of 8, 10, 12 and 14 bits."""


def range_notes(paths: list[Path], white: float | None) -> list[str]:
    """Says where a sample of images of 16 bits uses little of its range, or more than it is said to be.

    Args:
        paths: Image files.
        white: What is said to be white; None for 65535.
    """
    depths = [depth for depth in in_threads(deepest, sampled(paths)) if depth is not None]
    grey, colour = ([peak for peak, colours in depths if colours is asked] for asked in (False, True))
    return [*_grey_notes(grey, white), *_colour_notes(colour, white)]


def _grey_notes(peaks: list[int], white: float | None) -> list[str]:
    peak = max(peaks, default=0)
    usual = _usual_white(peak)
    if white is not None and peak > white:
        return [f"images of 16 bits reach {peak}: what is above --data.white {white:g} is white"]
    if white is None and peaks and usual is not None:
        rule = f"images of 16 bits reach {peak} of 65535 at most, and look black"
        return [f"{rule}: pass --data.white {usual} where {usual} is white"]
    return []


def _colour_notes(peaks: list[int], white: float | None) -> list[str]:
    """Of colours Pillow has the upper eight bits alone: too few to be made brighter here."""
    notes = []
    if peaks and white is not None:
        notes.append("images of 16 bits a colour are read as they are: --data.white is for grey ones")
    # A multiple of 257 may lie that much above what the file holds.
    usual = _usual_white(max(peaks, default=0) - 256)
    if peaks and usual is not None:
        rule = f"images of 16 bits a colour reach about {max(peaks)} of 65535 at most, and look black"
        notes.append(f"{rule}: save them with 8 bits a colour, white as 255")
    return notes


def _usual_white(peak: int) -> int | None:
    return next((usual for usual in _WHITES if peak <= usual), None)


def sampled(paths: list[Path]) -> list[Path]:
    """Some of many image files, spread over all; all of few."""
    return paths[:: -(-len(paths) // _SAMPLED) or 1]
