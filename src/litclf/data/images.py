"""Image folder: files in a folder for each class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_only
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from litclf.data.base import ClassificationDataModule, Split
from litclf.data.loading.augmentation import flip, shift
from litclf.data.loading.loader import EvalLoader, TrainLoader
from litclf.data.loading.streaming import ImageStream, StreamedEvalLoader, StreamedTrainLoader
from litclf.data.sources.folders import Files, ImageFolders, drawn_notes, scan, split_anew, split_files
from litclf.data.sources.image_ranges import range_notes, sampled
from litclf.preprocessing.image import ImagePreparation, in_threads, is_grey, open_image, unit
from litclf.utilities.checks import not_negative, plain, positive, share
from litclf.utilities.errors import InputError


class ImagesDataModule(ClassificationDataModule):
    """Image files in a folder for each class, the folder's name being the class.

    Batches are ``(x, y)``: ``x`` float32 of shape ``(N, channels, height, width)``, pixels in [0, 1]; ``y`` int64 of
    shape ``(N,)``, in [0, num_classes), by the sorted names of the class folders.

    The class folders lie in ``train``, ``val`` and ``test``, or at the top; ``docs/own-data.md`` tells what other names
    and layouts are read. Splits without a folder are carved out of the training images by the seed, with the same
    shares of the classes.

    Images are decoded once and stay in memory as uint8 where all of them together fit ``memory_budget``. Else worker
    processes read them anew in each pass; ``steps_per_execution`` is 1 then, whatever was asked. Samples, their order
    and their augmentation are the same either way, also where a fit is resumed in the middle of an epoch.

    Args:
        path: The folder.
        size: Height and width in pixels, or one number for both, that images are stretched to; None takes them as
            they are, which must be all of one size.
        channels: 1 for grey, 3 for colour; None for grey where a sample of 100 images shows no colour.
        val_size: Share of the images for validation where there is no folder for it, in [0, 1).
        test_size: Share of the images for the test where there is no folder for it, in [0, 1).
        max_shift: Largest random shift of a training image in each direction, in pixels; 0 for none.
        flip: Whether training images are mirrored left to right, half of the time.
        white: Value of a white pixel in images of more than 8 bits, such as 4095 for 12 bits in files of 16; None takes
            65535 for 16 bits.
        batch_size: Images of a mini-batch; None for full-batch steps.
        repeat: Passes over the training set in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; ``auto`` chooses for each fit.
        memory_budget: Most memory that decoded images may take, in MB of 1 000 000 bytes; 0 reads files in each pass.
        num_workers: Processes that read files ahead where images do not stay in memory; 0 for none.
        seed: Seed of the split.

    Attributes:
        streamed: Whether images are read anew in each pass.

    Raises:
        InputError: If an argument is out of range, or the folder or a file in it cannot be used; it names the file.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> root = Path(tempfile.mkdtemp())
        >>> for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
        ...     (root / name).parent.mkdir(exist_ok=True)
        ...     Image.new("RGB", (32, 24), "red").save(root / name)
        >>> data = ImagesDataModule(str(root), val_size=0, test_size=0.5)
        >>> data.class_names, data.input_shape, len(data.splits["train"].y)
        (('cat', 'dog'), (3, 24, 32), 2)
    """

    def __init__(
        self,
        path: str,
        size: int | list[int] | None = None,
        channels: Literal[1, 3] | None = None,
        val_size: float = 0.1,
        test_size: float = 0.1,
        max_shift: int = 0,
        flip: bool = False,
        white: float | None = None,
        batch_size: int | None = 64,
        repeat: int = 1,
        steps_per_execution: int | Literal["auto"] = "auto",
        memory_budget: int = 2000,
        num_workers: int = 2,
        seed: int = 42,
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        share("val_size", val_size)
        share("test_size", test_size)
        size = plain(size)
        for name, value in (("max_shift", max_shift), ("memory_budget", memory_budget), ("num_workers", num_workers)):
            not_negative(name, value, 2)
        if white is not None:
            positive("white", white, 4095.0)
        path = str(path)
        self.save_hyperparameters()
        self.max_shift, self.flip, self.num_workers = max_shift, flip, num_workers
        folders = usable_folders(path)
        self.class_names, self._has_test_folder = folders.class_names, "test" in folders.files
        self.files = split_files(folders, val_size, test_size, seed)
        self.notes = (*folders.notes, *drawn_notes(folders, self.files), *range_notes(self.files["train"].paths, white))
        height, width, depth = _shape(self.files["train"].paths, size, channels, white)
        self._preparation = ImagePreparation(height, width, depth, size is not None, white)
        self.input_shape = (depth, height, width)
        if max_shift >= min(height, width):
            rule = f"must be below the {min(height, width)} pixels of an image, got {max_shift}"
            raise InputError("max_shift", rule, "pass 2, or 0")
        self.megabytes = sum(len(files.paths) for files in self.files.values()) * depth * height * width / 1e6
        self.streamed = self.megabytes > memory_budget
        if self.streamed:
            self._check_streaming(memory_budget)

    @property
    def preparation(self) -> ImagePreparation:
        """How image files become inputs of the network."""
        return self._preparation

    @property
    def has_own_test(self) -> bool:
        """Whether the test images have a folder of their own."""
        return self._has_test_folder

    def with_rows(self, rows: Mapping[str, NDArray[np.int64]], for_loaders: bool = False) -> Self:
        """The same images in other splits.

        Raises:
            InputError: If images are streamed.
        """
        if self.streamed:
            rule = f"has {self.megabytes:.0f} MB of images read anew in each pass, which cannot be split anew"
            raise InputError("memory_budget", rule, f"pass {self.megabytes + 1:.0f} or more")
        other = super().with_rows(rows, for_loaders)
        other.files = split_anew(self.files, self.drawn, rows)
        return other

    def row_name(self, split: str, place: int) -> str:
        """Path of an image below the folder of all of them, such as ``cats/17.png``."""
        return self.files[split].paths[place].relative_to(self.hparams["path"]).as_posix()

    def load(self) -> dict[str, Split]:
        """Decodes all images, with a progress bar on a terminal; where they are streamed, numbers their files."""
        if self.streamed:
            self._announce()
            return {name: Split(torch.arange(len(files.paths)), _targets(files)) for name, files in self.files.items()}
        number = sum(len(files.paths) for files in self.files.values())
        with tqdm(desc="reading images", total=number, unit=" images", disable=None, leave=False) as bar:
            return {name: Split(self._decode(files, bar.update), _targets(files)) for name, files in self.files.items()}

    def stored(self, split: str, rows: Tensor) -> Tensor:
        """Pixels of some images of a split, uint8; read from their files where images are streamed."""
        if not self.streamed:
            return super().stored(split, rows)
        paths = [self.files[split].paths[row] for row in rows.tolist()]
        return torch.from_numpy(np.stack(list(in_threads(self.preparation.file_pixels, paths))))

    def prepare(self, x: Tensor) -> Tensor:
        """Pixels in [0, 1], float32."""
        return unit(x)

    @property
    def augments(self) -> bool:
        """Whether training images are shifted or mirrored."""
        return self.max_shift > 0 or self.flip

    def draw_augmentation(self, stream: np.random.Generator, num_samples: int) -> Tensor:
        """How far each image moves down and right, and whether it is mirrored: int64 of shape ``(num_samples, 3)``."""
        moves = stream.integers(-self.max_shift, self.max_shift + 1, (num_samples, 2))
        flips = stream.integers(0, 2 if self.flip else 1, (num_samples, 1))
        return torch.from_numpy(np.concatenate([moves, flips], axis=1))

    def augment(self, x: Tensor, draws: Tensor) -> Tensor:
        """Images moved and mirrored by ``draws``, with their own last pixels where they leave."""
        if self.max_shift:
            x = shift(x, draws[:, :2], self.max_shift, "edge")
        return flip(x, draws[:, 2]) if self.flip else x

    def train_dataloader(self) -> TrainLoader:
        """Executions or ordinary ``(x, y)`` batches; always the latter where images are streamed."""
        loader = super().train_dataloader()
        if self.streamed:
            loader = self._loader = StreamedTrainLoader(loader, self._stream("train"))
        return loader

    def _eval_loader(self, split: str) -> EvalLoader | list[Tensor]:
        loader = super()._eval_loader(split)
        if not self.streamed or not isinstance(loader, EvalLoader):
            return loader
        return StreamedEvalLoader(loader, self._stream(split))

    def _stream(self, split: str) -> ImageStream:
        return ImageStream(self.files[split].paths, self.preparation, self.num_workers)

    def _decode(self, files: Files, count: Callable[[], object]) -> Tensor:
        pixels = np.empty((len(files.paths), *self.input_shape), dtype=np.uint8)
        for row, image in enumerate(in_threads(self.preparation.file_pixels, files.paths)):
            pixels[row] = image
            count()
        return torch.from_numpy(pixels)

    def _check_streaming(self, memory_budget: int) -> None:
        if self.batch_size is None:
            rule = f"must be a number where {self.megabytes:.0f} MB of images do not fit memory_budget {memory_budget}"
            raise InputError("batch_size", rule, "pass 64, or a larger memory_budget")
        self.asked_steps = 1

    @rank_zero_only
    def _announce(self) -> None:
        budget = self.hparams["memory_budget"]
        print(f"the images take {self.megabytes:.0f} MB, above --data.memory_budget {budget}: read anew in each pass")


def usable_folders(path: str) -> ImageFolders:
    """What :func:`~litclf.data.sources.folders.scan` finds below ``path``.

    Raises:
        InputError: If anything is wrong there; it names the first file or folder at fault.
    """
    folders = scan(path)
    if folders.problems:
        problem = folders.problems[0]
        more = f" (and {len(folders.problems) - 1} more)" if len(folders.problems) > 1 else ""
        raise InputError("path", f"{problem.path} {problem.rule}{more}", problem.fix)
    return folders


def _shape(
    paths: list[Path], size: int | list[int] | None, channels: int | None, white: float | None
) -> tuple[int, int, int]:
    """Height, width and channels: those given, else those of a sample of the images."""
    sides = [size, size] if isinstance(size, int | float) else list(size or ())
    if size is not None and len(sides) != 2:
        raise InputError("size", f"must be a number, or height and width, got {sides}", "pass 28, or [28, 28]")
    for side in sides:
        positive("size", side, 28)
    if sides and channels:
        return sides[0], sides[1], channels
    sample = sampled(paths) if channels is None else paths[:1]
    try:
        looks = list(in_threads(lambda path: ((image := open_image(path, None, white)).size, is_grey(image)), sample))
    except InputError as error:
        # Under this argument, where the command line looks for what a constructor refuses.
        raise InputError("path", f"{error.where} {error.what}", error.fix) from error
    height, width = sides or looks[0][0][::-1]
    return height, width, channels or (1 if all(grey for _, grey in looks) else 3)


def _targets(files: Files) -> Tensor:
    return torch.tensor(files.targets, dtype=torch.int64)
