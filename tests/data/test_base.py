import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, TableDataModule
from litclf.data.base import ClassificationDataModule, InMemoryDataModule, Split
from litclf.data.loading.loader import EvalLoader
from litclf.engines.execution import Execution
from tests.data.contract import BatchedContract


class Rings(ClassificationDataModule):
    """A stranger's: rings in the plane, stored in hundredths, with samples held out for validation only."""

    input_shape, class_names = (2,), ("inner", "middle", "outer")

    def __init__(self, points=40, batch_size=None, repeat=1, steps_per_execution=1, seed=0):
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        self.save_hyperparameters()
        self.points = points

    def load(self):
        generator = torch.Generator().manual_seed(self.seed)
        y = torch.arange(self.points) % 3
        angle = 2 * torch.pi * torch.rand(self.points, generator=generator)
        x = (100 * (y + 1)[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)).to(torch.int16)
        parts = zip(*(values.split([30, 10, 0]) for values in (x, y)), strict=True)
        return dict(zip(("train", "val", "test"), (Split(*part) for part in parts), strict=True))

    def prepare(self, x):
        return x.float() / 100


class TestContractOfAStranger(BatchedContract):
    kind = Rings


class Numbers(InMemoryDataModule):
    """Splits whose sizes are given; counts how often they are loaded."""

    input_shape = (1,)

    def __init__(self, train=10, val=0, test=0, batch_size=3, repeat=1, steps_per_execution=1, seed=0):
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        self.sizes, self.loads = {"train": train, "val": val, "test": test}, 0

    def load(self):
        self.loads += 1
        return {name: Split(torch.zeros(size, 1), torch.arange(size)) for name, size in self.sizes.items()}


def test_empty_training_split_is_refused():
    with pytest.raises(InputError, match=r"^data: the training split is empty"):
        Numbers(train=0).setup("fit")


def test_base_says_what_a_subclass_must_implement():
    with pytest.raises(NotImplementedError, match="InMemoryDataModule must implement load"):
        InMemoryDataModule(None, 1, 1, 0).setup("fit")


def test_k_decides_between_plain_batches_and_executions():
    assert [len(y) for _, y in Numbers().train_dataloader()] == [3, 3, 3, 1]
    executions = list(Numbers(steps_per_execution=3, repeat=2).train_dataloader())
    assert all(isinstance(item, Execution) for item in executions)
    assert [[len(y) for _, y in item.batches()] for item in executions] == [[3, 3], [3, 1, 3], [3, 3, 1]]


def test_without_batch_size_a_pass_is_one_step_over_everything():
    data = Numbers(batch_size=None, repeat=5)
    assert data.train_steps == (1, 5)
    assert [y.tolist() for _, y in data.train_dataloader()] == [list(range(10))] * 5


def test_evaluation_is_plain_batches_and_nothing_where_there_are_no_samples():
    data = Numbers(val=2500, test=3)
    assert [len(y) for _, y in data.val_dataloader()] == [1000, 1000, 500]
    assert [y.tolist() for _, y in data.test_dataloader()] == [[0, 1, 2]]
    assert Numbers().val_dataloader() == Numbers().test_dataloader() == []


def test_prediction_is_over_the_test_split_or_the_training_split_where_there_is_none():
    assert [len(y) for _, y in Numbers(test=4).predict_dataloader()] == [4]
    loader = Numbers(batch_size=2).predict_dataloader()
    assert isinstance(loader, EvalLoader)
    assert [y.tolist() for _, y in loader] == [list(range(10))]


@pytest.mark.parametrize(("limit", "steps"), [(5, 5), (100, 8), (0.5, 4), (1.0, 8)])
def test_limit_of_train_batches_counts_mini_batches(limit, steps, make_trainer):
    data = CirclesDataModule(num_samples=40, holdout=0.2, batch_size=8, repeat=2)
    trainer = make_trainer(max_epochs=1, limit_train_batches=limit)
    trainer.fit(BinaryClassifier(), datamodule=data)
    assert trainer.global_step == steps
    assert "train/loss" in trainer.callback_metrics


def test_limit_of_train_batches_counts_mini_batches_of_executions(make_trainer):
    data = CirclesDataModule(num_samples=40, holdout=0.2, batch_size=8, repeat=2, steps_per_execution=3)
    trainer = make_trainer(max_epochs=2, limit_train_batches=5)
    trainer.fit(BinaryClassifier(), datamodule=data)
    assert trainer.global_step == 10


def test_executions_end_where_logs_and_checkpoints_are_due(make_trainer, make_records, tmp_path):
    checkpoint = ModelCheckpoint(tmp_path, every_n_train_steps=6)
    data = TableDataModule([[0.0], [1.0]], [0, 1], repeat=20, steps_per_execution=100)
    data.trainer = make_trainer(
        logger=make_records(), log_every_n_steps=7, callbacks=[checkpoint], enable_checkpointing=True, max_steps=19
    )
    ends, step = [], 0
    for execution in data.train_dataloader():
        step += len(execution.steps)
        ends.append(step)
    assert {6, 7, 12, 14, 18, 19, 20} <= set(ends)


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (CirclesDataModule(), ["x1", "x2"]),
        (BlobsDataModule(num_features=3), ["x1", "x2", "x3"]),
        (TableDataModule(rows=[[1], [2]], targets=[0, 1]), ["x1"]),
    ],
)
def test_rows_of_numbers_are_prepared_as_they_are(data, columns):
    assert data.preparation.to_dict() == {"kind": "array", "columns": columns}
    x = data.splits["train"].x
    assert torch.equal(data.preparation.inputs(x.numpy()), x)


def test_inputs_that_a_subclass_changes_in_a_way_of_its_own_have_no_preparation():
    class Scaled(CirclesDataModule):
        def prepare(self, x):
            return x / 10

    assert Scaled().preparation is None
