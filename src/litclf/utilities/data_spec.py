"""DataSpec: what models, callbacks and records ask of a DataModule, told once, of ours and of anyone's alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lightning.pytorch import LightningDataModule

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataSpec:
    """Sizes, names and counts of a DataModule; what it does not tell is left at the default.

    Attributes:
        kind: Name of its class.
        input_shape: Shape of one input.
        num_classes: Number of classes; None where there are none, or it does not tell.
        class_names: Names of the classes, in the order of the targets.
        class_weights: What the loss of each class is multiplied by; None for 1 each.
        preparation: How raw inputs become those of the network, as plain values; None where that is not known.
        batch_size: Samples of a mini-batch; None for full batches, or where it does not tell.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; 1 for data that is not litclf's.
        num_samples: Samples of the splits ``train``, ``val`` and ``test``: 0 where there is no such split, None where
            there is a loader that does not tell.
        in_memory: Whether the DataModule holds its splits, so that samples of them can be looked at.

    Example:
        >>> from litclf import CirclesDataModule
        >>> spec = DataSpec.of(CirclesDataModule(num_samples=100))
        >>> spec.input_shape, spec.num_classes, spec.num_samples["train"], spec.has("val")
        ((2,), 2, 80, True)
        >>> DataSpec.of(None).has("test")
        False
    """

    kind: str = ""
    input_shape: tuple[int, ...] = ()
    num_classes: int | None = None
    class_names: tuple[str, ...] = ()
    class_weights: tuple[float, ...] | None = None
    preparation: dict[str, Any] | None = None
    batch_size: int | None = None
    steps_per_execution: int = 1
    num_samples: Mapping[str, int | None] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    in_memory: bool = False

    @classmethod
    def of(cls, data: LightningDataModule | None) -> DataSpec:
        """What ``data`` tells; its splits are read for it, so that missing files are found now."""
        if data is None:
            return cls()
        told: Any = data
        shape = getattr(told, "input_shape", None) or getattr(told, "in_features", None) or ()
        splits = getattr(told, "splits", None)
        weights, preparation = getattr(told, "class_weights", None), getattr(told, "preparation", None)
        return cls(
            kind=type(data).__name__,
            input_shape=(shape,) if isinstance(shape, int) else tuple(shape),
            num_classes=getattr(told, "num_classes", None),
            class_names=tuple(getattr(told, "class_names", ())),
            class_weights=None if weights is None else tuple(weights),
            preparation=None if preparation is None else preparation.to_dict(),
            batch_size=getattr(told, "batch_size", None),
            steps_per_execution=getattr(told, "steps_per_execution", 1),
            num_samples=_counts(data, splits),
            in_memory=isinstance(splits, dict),
        )

    def has(self, split: str) -> bool:
        """Whether there are samples in ``split``, as far as is known."""
        return self.num_samples[split] != 0

    @property
    def is_image(self) -> bool:
        """Whether inputs are images: channels, height and width."""
        return len(self.input_shape) == 3 and self.input_shape[0] in (1, 3)


def _counts(data: LightningDataModule, splits: Any) -> dict[str, int | None]:
    if isinstance(splits, dict):
        return {name: len(splits[name].y) for name in SPLITS}
    # Of data that is not ours it is known only which loaders it has.
    loaders = {name: f"{name}_dataloader" for name in SPLITS}
    return {
        name: 0 if getattr(type(data), loader) is getattr(LightningDataModule, loader) else None
        for name, loader in loaders.items()
    }
