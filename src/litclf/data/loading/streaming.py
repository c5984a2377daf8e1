"""Loaders that read image files anew in each pass, by worker processes ahead of the training: for what fits no memory.

Batches and their order are those of the loaders over resident tensors, also where a fit is resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from litclf.data.loading.loader import Batch, EvalLoader, TrainLoader
from litclf.engines.execution import Execution, Steps
from litclf.preprocessing.image import ImagePreparation, in_threads
from litclf.utilities.errors import InputError


class ImageStream(Dataset[Tensor]):
    """Pixels of image files, by lists of their numbers.

    Args:
        paths: The files.
        preparation: What brings them to one size.
        num_workers: Processes that read ahead; 0 reads in this one, when a batch is wanted.
    """

    def __init__(self, paths: Sequence[Path], preparation: ImagePreparation, num_workers: int) -> None:
        self.paths, self.preparation, self.num_workers = paths, preparation, num_workers

    def __len__(self) -> int:
        return len(self.paths)

    def __getitems__(self, rows: Sequence[int]) -> Tensor | tuple[str, str, str]:
        """Pixels of the files ``rows``, uint8; what is wrong with one travels between processes as three texts."""
        try:
            images = list(in_threads(self.preparation.file_pixels, [self.paths[row] for row in rows], threads=1))
        except InputError as error:
            return error.where, error.what, error.fix
        return torch.from_numpy(np.stack(images))

    def read(self, batches: list[list[int]]) -> Iterator[Tensor]:
        """Pixels of each batch of files, in order.

        Raises:
            InputError: If a file cannot be read; it names the file.
        """
        # A generator of its own, so that reading leaves the random numbers of the fit alone.
        loader: DataLoader[Any] = DataLoader(
            self,
            batch_sampler=batches,
            num_workers=self.num_workers,
            collate_fn=_as_it_is,
            generator=torch.Generator(),
        )
        for pixels in loader:
            if isinstance(pixels, tuple):
                raise InputError(*pixels)
            yield pixels


class StreamedTrainLoader(TrainLoader):
    """Ordinary ``(x, y)`` batches of the steps of a :class:`TrainLoader`, with pixels read from files.

    Args:
        steps: The loader to follow, with ``steps_per_execution`` of 1; its inputs are the numbers of the files.
        stream: The files.
    """

    def __init__(self, steps: TrainLoader, stream: ImageStream) -> None:
        super().__init__(steps.x, steps.y, steps.order, steps.plan, steps.prepare, steps.augment, steps.draw)
        self.stream = stream
        self._pixels: Iterator[Tensor] = iter(())
        self._drawn: tuple[int, Tensor] = (-1, torch.empty(0))

    def __iter__(self) -> Iterator[Execution | Batch]:
        steps = self.plan.executions(self.position.epoch)
        self._pixels = self.stream.read([self._rows(step)[0].tolist() for step, _ in steps])
        try:
            yield from super().__iter__()
        finally:
            self._pixels = iter(())  # ends the workers

    def gather(self, first: int, end: int, counted_from: int) -> Execution:
        """The step ``first`` of the epoch; its pixels are read in order."""
        rows, number = self._rows(first)
        x = self.prepare(next(self._pixels).to(self.y.device))
        if self.augment is not None and self.draw is not None:
            if self._drawn[0] != number:
                self._drawn = number, self.draw(self.order.stream(number, use=1), self.order.num_samples)
            x = self.augment(x, self._drawn[1][rows].to(x.device))
        return Execution(x, self.y[rows.to(self.y.device)], Steps([(0, len(rows))], int(counted_from > first)))

    def _rows(self, step: int) -> tuple[Tensor, int]:
        """The samples of a step of this epoch, and the number of its pass."""
        passes, step = divmod(step, self.order.steps_per_pass)
        number = self.position.epoch * -(-self.plan.steps_per_epoch // self.order.steps_per_pass) + passes
        low, high = self.order.bounds(step)
        return torch.from_numpy(self.order.rows(number)[low:high]), number


class StreamedEvalLoader(EvalLoader):
    """Batches of an :class:`EvalLoader`, with pixels read from files.

    Args:
        batches: The loader to follow; its inputs are the numbers of the files.
        stream: The files.
    """

    def __init__(self, batches: EvalLoader, stream: ImageStream) -> None:
        super().__init__(batches.x, batches.y, batches.batch_size, batches.prepare)
        self.num_batches, self.stream = batches.num_batches, stream

    def __iter__(self) -> Iterator[Batch]:
        rows = [part.tolist() for part in torch.split(self.x, self.batch_size)]
        for pixels, y in zip(self.stream.read(rows), torch.split(self.y, self.batch_size), strict=True):
            x = pixels.to(y.device)
            yield self.prepare(x), y
        for _ in range(self.num_batches - len(rows)):
            yield self.prepare(x[:0]), self.y[:0]


def _as_it_is(batch: Any) -> Any:
    return batch
