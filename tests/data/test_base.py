import pytest
import torch
from lightning.pytorch import seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, TableDataModule
from litclf.data.base import InMemoryDataModule, Split
from litclf.data.loading.loader import EvalLoader
from litclf.engines.execution import Execution


class Numbers(InMemoryDataModule):
    """Splits whose sizes are given; counts how often they are loaded."""

    input_shape = (1,)

    def __init__(self, train=10, val=0, test=0, batch_size=3, repeat=1, steps_per_execution=1, seed=0):
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        self.sizes, self.loads = {"train": train, "val": val, "test": test}, 0

    def load(self):
        self.loads += 1
        return {name: Split(torch.zeros(size, 1), torch.arange(size)) for name, size in self.sizes.items()}


def order_of(data):
    return torch.cat([y for _, y in data.train_dataloader()]).tolist()


@pytest.mark.parametrize(
    ("name", "value"), [("batch_size", 0), ("batch_size", -1), ("repeat", 0), ("steps_per_execution", 0), ("seed", -1)]
)
def test_argument_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: must be .*, got {value}; fix: "):
        Numbers(**{name: value})


def test_setup_loads_once_and_gives_the_same_split_each_time():
    data = Numbers()
    data.setup("fit")
    train = data.splits["train"]
    for stage in ("test", "fit", None):
        data.setup(stage)
    assert data.loads == 1
    assert data.splits["train"] is train


def test_two_data_modules_of_one_seed_split_alike_whatever_the_stage():
    first, second = CirclesDataModule(num_samples=50), CirclesDataModule(num_samples=50)
    first.setup("test")
    seed_everything(7, verbose=False)
    second.setup("fit")
    assert all(torch.equal(first.splits[name].x, second.splits[name].x) for name in ("train", "val", "test"))


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


def test_order_follows_the_seed_of_the_run_and_else_that_of_the_data():
    plain, other = order_of(Numbers(seed=1)), order_of(Numbers(seed=2))
    seed_everything(2, verbose=False)
    assert order_of(Numbers(seed=1)) == other != plain


def test_state_carries_the_order_and_the_position():
    seed_everything(5, verbose=False)
    data = Numbers(steps_per_execution=2)
    loader = data.train_dataloader()
    next(iter(loader))
    state = data.state_dict()
    assert state == {"order_seed": 5, "epoch": 0, "steps": 2}
    seed_everything(6, verbose=False)
    resumed = Numbers(steps_per_execution=2)
    resumed.load_state_dict(state)
    rest = [y.tolist() for item in resumed.train_dataloader() for _, y in item.batches()]
    assert rest == [y.tolist() for item in loader for _, y in item.batches()][2:]


def test_a_second_fit_of_the_same_data_takes_its_own_seed():
    data = Numbers()
    orders = []
    for seed in (1, 2):
        seed_everything(seed, verbose=False)
        data.setup("fit")
        orders.append(order_of(data))
        data.state_dict()
    assert orders[0] != orders[1]
    assert orders[1] == order_of(Numbers(seed=2))


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
