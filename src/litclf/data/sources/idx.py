"""IDX files: the format that the MNIST family is published in."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_UINT8 = 0x08
"""The code of unsigned bytes; the family has no other kind."""


def read_idx(path: Path, ndim: int) -> Tensor:
    """The numbers of an IDX file, uint8, after its header was held against the length of the file.

    Args:
        path: The file, unpacked.
        ndim: How many dimensions it must have.

    Raises:
        ValueError: If it is no IDX file of bytes in so many dimensions, or its length is not what its header says.
        OSError: If it cannot be read.

    Source: LeCun et al., The MNIST database of handwritten digits.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "labels"
        >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
        >>> read_idx(path, 1)
        tensor([7, 2, 1], dtype=torch.uint8)
    """
    offset = 4 + 4 * ndim
    with path.open("rb") as file:
        header = file.read(offset)
    if len(header) < offset or header[:4] != bytes([0, 0, _UINT8, ndim]):
        raise ValueError(f"{path.name} is no IDX file of bytes in {ndim} dimensions")
    shape = [int.from_bytes(header[start : start + 4], "big") for start in range(4, offset, 4)]
    size, told = path.stat().st_size - offset, math.prod(shape)
    if size != told:
        sizes = " x ".join(map(str, shape))
        raise ValueError(f"the header of {path.name} tells of {sizes} numbers, but it holds {size}")
    return torch.from_numpy(np.fromfile(path, dtype=np.uint8, offset=offset)).reshape(shape)
