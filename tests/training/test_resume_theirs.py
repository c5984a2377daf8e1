"""A run of anyone's module on anyone's data, stopped and resumed, against the run that was never stopped."""

import pytest
import torch
from lightning.pytorch import LightningDataModule, LightningModule, seed_everything
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassAccuracy

from litclf import BlobsDataModule, fit
from tests.training.stopping import StopAt


class Theirs(LightningModule):
    """Someone's own module, with a metric object and a plateau schedule, on a shuffled DataLoader."""

    def __init__(self, width=6):
        super().__init__()
        self.save_hyperparameters()
        self.network = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Dropout(0.2), torch.nn.Linear(6, 4))
        self.accuracy = MulticlassAccuracy(4)

    def training_step(self, batch, _):
        logits = self.network(batch[0])
        self.accuracy(logits, batch[1])
        self.log("train/accuracy", self.accuracy, on_step=False, on_epoch=True)
        loss = torch.nn.functional.cross_entropy(logits, batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": "train/loss_epoch"}}


class Validated(Theirs):
    def validation_step(self, batch, _):
        self.log("val/loss", torch.nn.functional.cross_entropy(self.network(batch[0]), batch[1]))


class TheirData(LightningDataModule):
    def train_dataloader(self):
        return DataLoader(TensorDataset(*BlobsDataModule(num_samples=80).splits["train"]), 16, shuffle=True)


def test_anyones_module_and_loader_go_on_from_an_epoch(tmp_path):
    def go(root, **settings):
        seed_everything(1, verbose=False)
        settings = {"max_epochs": 5, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
        return fit(Theirs(), TheirData(), **settings)

    reference = go(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, callbacks=[StopAt("on_train_epoch_end", 8)])
    resumed = go(tmp_path, ckpt_path="last")
    for name, value in reference.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value)
    assert resumed.trainer.optimizers[0].param_groups[0]["lr"] == reference.trainer.optimizers[0].param_groups[0]["lr"]
    assert (resumed.folder / "metrics.csv").read_text() == (reference.folder / "metrics.csv").read_text()


def test_the_metric_objects_of_an_epoch_that_is_not_over_are_whole(tmp_path):
    def go(root, **settings):
        seed_everything(1, verbose=False)
        data = BlobsDataModule(num_samples=80, holdout=0, batch_size=16)
        settings = {"max_epochs": 2, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
        return fit(Validated(), data, **settings)

    reference = go(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, callbacks=[StopAt("on_train_batch_end", 3)])
    resumed = go(tmp_path, ckpt_path="last")
    assert resumed.metrics["train/accuracy"] == reference.metrics["train/accuracy"]
    assert (resumed.folder / "metrics.csv").read_text() == (reference.folder / "metrics.csv").read_text()
