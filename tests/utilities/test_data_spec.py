import math

import pytest
import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, RestorationDataModule
from litclf.data.base import ClassificationDataModule, Split
from litclf.utilities.data_spec import DataSpec, total_steps

pytestmark = [
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Strange(LightningDataModule):
    """Anyone's data: 20 samples in five batches, and no test split."""

    in_features = 2

    def train_dataloader(self):
        return DataLoader(TensorDataset(torch.rand(20, 2), torch.arange(20) % 2), batch_size=4)

    val_dataloader = train_dataloader


class Missing(ClassificationDataModule):
    """Images whose files are not there."""

    input_shape, class_names, class_weights = (1, 8, 8), ("a", "b"), [0.5, 1.5]

    def __init__(self):
        super().__init__(16, repeat=1, steps_per_execution=4, seed=0)

    def load(self) -> dict[str, Split]:
        raise InputError("path", "is missing", "copy it there")


def test_ours_tell_all():
    data = BlobsDataModule(num_samples=50, holdout=0.2, batch_size=16, steps_per_execution=3)
    spec = DataSpec.of(data)
    assert (spec.kind, spec.input_shape, spec.num_classes) == ("BlobsDataModule", (2,), 4)
    assert spec.class_names == ("class 0", "class 1", "class 2", "class 3")
    assert (spec.class_weights, spec.preparation) == (None, {"kind": "array", "columns": ["x1", "x2"]})
    assert (spec.batch_size, spec.steps_per_execution, spec.steps_per_epoch) == (16, 3, 3)
    assert (spec.in_memory, spec.num_samples) == (True, {"train": 40, "val": 5, "test": 5})
    assert not DataSpec.of(CirclesDataModule(holdout=0)).has("val")


def test_what_has_no_classes_tells_none():
    spec = DataSpec.of(RestorationDataModule(size=3))
    assert (spec.num_classes, spec.class_names, spec.is_image) == (None, (), False)
    assert [spec.has(split) for split in ("train", "val", "test")] == [True, True, False]


def test_of_anyones_data_it_is_known_which_loaders_there_are():
    spec = DataSpec.of(Strange())
    assert (spec.kind, spec.input_shape, spec.steps_per_execution) == ("Strange", (2,), 1)
    assert (spec.in_memory, spec.steps_per_epoch) == (False, None)
    assert spec.num_samples == {"train": None, "val": None, "test": 0}


def test_nothing_is_known_of_no_data():
    spec = DataSpec.of(None)
    assert (spec.num_classes, spec.input_shape, spec.in_memory) == (None, (), False)
    assert not any(spec.has(split) for split in ("train", "val", "test"))


def test_sizes_are_told_before_anything_is_read():
    spec = DataSpec.of(Missing())
    assert (spec.input_shape, spec.class_weights, spec.is_image) == ((1, 8, 8), (0.5, 1.5), True)
    with pytest.raises(InputError, match="path: is missing"):
        spec.has("val")


@pytest.mark.parametrize(
    "limits",
    [
        {"max_epochs": 3},
        {"max_epochs": 3, "limit_train_batches": 4},
        {"max_epochs": 3, "limit_train_batches": 0.5},
        {"max_epochs": 3, "accumulate_grad_batches": 4},
        {"max_epochs": 3, "max_steps": 7},
        {"max_epochs": -1, "max_steps": 7},
        {"max_epochs": -1},
    ],
    ids=str,
)
@pytest.mark.parametrize("data", [CirclesDataModule(100, batch_size=8), Strange()], ids=["ours", "anyones"])
def test_steps_of_a_fit_are_those_that_lightning_estimates(data, limits, make_trainer):
    trainer = make_trainer(**limits)
    found = []

    class Asking(BinaryClassifier):
        def configure_optimizers(self):
            found.extend([total_steps(self.trainer), self.trainer.estimated_stepping_batches])
            raise KeyboardInterrupt

    with pytest.raises(SystemExit):
        trainer.fit(Asking(num_classes=2), datamodule=data)
    assert found[0] == found[1]
    assert (found[0] == math.inf) == (limits == {"max_epochs": -1})


def test_steps_of_executions_are_the_optimizers(make_trainer):
    data = CirclesDataModule(100, batch_size=8, repeat=2, steps_per_execution=6)
    trainer = make_trainer(max_epochs=2)
    trainer.fit(BinaryClassifier(), datamodule=data)
    assert total_steps(trainer) == trainer.global_step == 40


@pytest.mark.filterwarnings("ignore:You defined a `validation_step`")
def test_a_loader_without_a_length_has_no_end(make_trainer):
    class Endless(IterableDataset):
        def __iter__(self):
            yield from ((torch.rand(2), i % 2) for i in range(3))

    trainer = make_trainer(max_epochs=2)
    trainer.fit(BinaryClassifier(input_shape=[2], num_classes=2), DataLoader(Endless(), batch_size=1))
    assert total_steps(trainer) == math.inf
