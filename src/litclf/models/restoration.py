"""Image restoration: an image found by gradient descent, as the only parameter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor, nn
from torchmetrics.functional.image import peak_signal_noise_ratio

from litclf.models.base import SteppedModule
from litclf.models.optimizers import Recipe
from litclf.preprocessing.corruption import Corruption
from litclf.utilities.checks import positive
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError, part
from litclf.utilities.lightning_logging import log_row


class ImageRestoration(SteppedModule):
    """Restores an image by making its corrupted form equal a given one; the image itself is what is learned.

    The loss is the Euclidean distance between the corrupted guess and the corrupted image, in the units of the
    pixels. ``val/psnr`` compares the guess with the original, in decibel for pixels in [0, 1].

    Args:
        rounds: Rounds of the corrupting function, as in the data.
        lr: Learning rate of plain gradient descent, positive.
        lr_schedule: ``none``, ``cosine``, ``onecycle`` or ``step``.
        num_pixels: Pixels of the image; None takes them from the data.

    Raises:
        InputError: If an argument is out of range, or the data holds no flat image.

    Example:
        >>> ImageRestoration(num_pixels=4)(torch.zeros(1, 4)).shape
        torch.Size([1, 4])
    """

    def __init__(
        self, rounds: int = 5, lr: float = 0.8, lr_schedule: str = "none", num_pixels: int | None = None
    ) -> None:
        super().__init__(Recipe("sgd", lr, lr_schedule=lr_schedule))
        positive("rounds", rounds, 5)
        self.save_hyperparameters()
        self.corruption = Corruption(rounds)
        if num_pixels is not None:
            positive("num_pixels", num_pixels, 10_000)
            self._build(num_pixels)

    @part("model")
    def attach(self, data: LightningDataModule | None) -> None:
        """Takes the number of pixels from the data."""
        spec, rounds = DataSpec.of(data), self.hparams["rounds"]
        if data is not None and (theirs := data.hparams.get("rounds")) != rounds:
            rule = f"ImageRestoration undoes {rounds} rounds, the data was corrupted by {theirs}"
            raise InputError("rounds", rule, "use RestorationDataModule with the same rounds")
        if self.hparams["num_pixels"] is None:
            if not spec.input_shape:
                raise InputError("num_pixels", "is known neither from the model nor from the data", "pass num_pixels")
            self._build(spec.input_shape[0])
        elif spec.input_shape and spec.input_shape[0] != self.hparams["num_pixels"]:
            rule = f"is {self.hparams['num_pixels']} in {type(self).__name__}, but {spec.input_shape[0]} in {spec.kind}"
            raise InputError("num_pixels", rule, "drop it, and the data decides")

    def _build(self, num_pixels: int) -> None:
        self.image = nn.Parameter(torch.rand(1, num_pixels))
        self.save_hyperparameters({"num_pixels": num_pixels})
        self.example_input_array = torch.zeros(1, num_pixels)

    def logged(self) -> set[str]:
        """The keys of what a fit with validation logs; a class of one's own may log others beside."""
        return super().logged() | {"val/loss", "val/psnr"}

    def forward(self, x: Tensor) -> Tensor:
        """The restored images of the corrupted ones ``x``, shape ``(N, num_pixels)``: the same for each."""
        return self.image.expand(x.shape[0], -1)

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Distance between the corrupted guess and the corrupted image ``x``; the original ``y`` is not looked at."""
        guess = self(x)
        return torch.dist(self.corruption(guess), x), guess

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs the distance, and how near the guess is to the original."""
        x, y = batch
        psnr = peak_signal_noise_ratio(self(x), y, data_range=1.0)
        log_row(self, {"val/loss": self.step(x, y)[0], "val/psnr": psnr}, batch_size=1)

    def predict_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        """The restored image, float32 of shape ``(1, num_pixels)``."""
        return self.forward(batch[0]).detach()
