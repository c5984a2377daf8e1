"""Image draft: the config that ``litclf init`` writes for a folder of images."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from litclf.data.images import ImagesDataModule, usable_folders
from litclf.data.sources.folders import ImageFolders, split_files
from litclf.preprocessing.image import in_threads, open_image
from litclf.utilities.errors import InputError
from litclf.utilities.notes import of_tool, tell
from litclf.utilities.text import shell_word

_SAMPLED = 100
"""Images whose sizes are looked at."""

_STEPS = 1000
"""Optimizer steps that the recipe is drafted for, where the images are few enough for ten passes in them."""

_STEPS_PER_EPOCH = 20
"""Least steps of an epoch: one execution."""

_BATCH_SIZE = 64

_SHARES = {
    "val_size": "share of the images for choosing the best epoch, drawn by the seed",
    "test_size": "share of the images for the test at the end",
}

_TEXT = """\
# {number} images in {num_classes} classes: {names}.
# Train with: litclf fit -c {file}
{notes}seed_everything: 42
model:
  class_path: {model}
  init_args:
    network: cnn               # or a network of torchvision such as resnet18, with hidden_dims: [] and size: 224
    hidden_dims: [16, 48, 96]  # channels of each stage of the CNN
    optimizer: adamw
    lr: 0.01                   # the highest rate of the schedule; 0.001 suits the networks of torchvision
    weight_decay: 0.01
    lr_schedule: onecycle      # up to lr, and down again until the end of the fit
data:
  class_path: ImagesDataModule
  init_args:
    path: {path}
    size: {size:<21}# {why}
    channels: {channels:<17}# 1 for grey, 3 for colour
    white: {white:<20}# value of white in images of more than 8 bits; null for 65535
{shares}    max_shift: 2               # random shifts of training images, in pixels; 0 for none
    flip: false                # true where an image and its mirror image are of the same class
    batch_size: 64
    repeat: {repeat:<19}# passes over the training images in an epoch
trainer:
  max_epochs: {epochs:<15}# {steps} steps
"""


def draft_images(path: str | Path, file: str | Path, white: float | None = None) -> str:
    """A commented config for the folder of images ``path``, ready for ``litclf fit -c``.

    Args:
        path: A folder as :class:`~litclf.data.images.ImagesDataModule` takes it.
        file: The file that the config is for.
        white: Value of a white pixel in images of more than 8 bits; None for 65535.

    Raises:
        InputError: If the folder cannot be used; the message names the file at fault.
    """
    folders = usable_folders(str(path))
    shares = _shares(folders)
    val_size, test_size = (shares.get(f"{split}_size", 0.0) for split in ("val", "test"))
    data = ImagesDataModule(str(path), 28, None, val_size, test_size, white=white)
    notes = list(data.notes)
    if not all(len(own.paths) for own in data.files.values()):
        notes.append("no images are set aside for validation and test: they are too few for one of each class in both")
    tell(*map(of_tool, notes))
    files = [file for files in data.files.values() for file in files.paths]
    steps_per_pass = -(-len(data.files["train"].paths) // _BATCH_SIZE)
    repeat = -(-_STEPS_PER_EPOCH // steps_per_pass)
    epochs = max(10, round(_STEPS / (steps_per_pass * repeat)))
    size, why = _size(files)
    return _TEXT.format(
        file=shell_word(file),
        notes="".join(f"# Note: {' '.join(note.split())}\n" for note in notes),
        number=len(files),
        num_classes=data.num_classes,
        names=" ".join(", ".join(data.class_names[:20]).split()) + (", ..." if data.num_classes > 20 else ""),
        model="BinaryClassifier" if data.num_classes == 2 else "MulticlassClassifier",
        path=yaml.safe_dump(str(path), allow_unicode=True, default_style='"', width=10_000).strip(),
        size=size,
        why=why,
        channels=data.input_shape[0],
        white="null" if white is None else white,
        shares="".join(f"    {name + ': ' + str(share):<27}# {_SHARES[name]}\n" for name, share in shares.items()),
        repeat=repeat,
        epochs=epochs,
        steps=epochs * repeat * steps_per_pass,
    )


def _shares(folders: ImageFolders) -> dict[str, float]:
    """The smallest usual shares that leave every split an image of each class; none for splits with a folder."""
    for share in (0.1, 0.2, 0.3):
        try:
            split_files(folders, share, share, seed=42)
        except InputError:
            continue
        break
    else:
        share = 0.0
    return {f"{split}_size": share for split in ("val", "test") if split not in folders.files}


def _size(files: list[Path]) -> tuple[str, str]:
    """The size that images are to have, and its reason."""
    sample = files[:: -(-len(files) // _SAMPLED)]
    sizes = Counter(in_threads(lambda path: open_image(path).size, sample))
    (width, height), _ = sizes.most_common(1)[0]
    found = f"{width} x {height} pixels" if len(sizes) == 1 else "several sizes"
    if len(sizes) == 1 and min(width, height) >= 20 and max(width, height) <= 64:
        return "null", f"as the images are, of {found}"
    side = 28 if max(max(size) for size in sizes) <= 40 else 64
    return str(side), f"height and width that images are stretched to; they are of {found}"
