import numpy as np
import pytest
import torch
from lightning.pytorch import seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from PIL import Image

from litclf import MulticlassClassifier
from litclf.data.images import ImagesDataModule
from litclf.data.loading.loader import EvalLoader
from litclf.data.loading.streaming import ImageStream, StreamedEvalLoader
from litclf.preprocessing.image import ImagePreparation


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root, stream = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name in ("a", "b"):
        (root / name).mkdir()
        for row in range(25):
            Image.fromarray(stream.integers(0, 256, (6, 6), dtype=np.uint8)).save(root / name / f"{row}.png")
    return str(root)


def make_data(folder, streamed, num_workers=0, **settings):
    budget = 0 if streamed else 2000
    changes = {"batch_size": 7, "max_shift": 1, "flip": True, "repeat": 2, **settings}
    return ImagesDataModule(folder, memory_budget=budget, num_workers=num_workers, **changes)


def same(ours, theirs):
    ours, theirs = list(ours), list(theirs)
    pairs = [
        (torch.equal(x, other_x), torch.equal(y, other_y))
        for (x, y), (other_x, other_y) in zip(ours, theirs, strict=True)
    ]
    return pairs and all(all(pair) for pair in pairs)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_batches_are_those_of_images_in_memory(num_workers, folder, capsys):
    streamed, resident = (make_data(folder, streamed, num_workers) for streamed in (True, False))
    assert streamed.streamed
    assert not resident.streamed
    loaders = streamed.train_dataloader(), resident.train_dataloader()
    assert len(loaders[0]) == len(loaders[1]) == 12
    for epoch in (0, 1):
        for loader in loaders:
            loader.set_epoch(epoch)
        assert same(*loaders)
    assert same(streamed.val_dataloader(), resident.val_dataloader())
    assert same(streamed.test_dataloader(), resident.test_dataloader())
    assert same(streamed.predict_dataloader(), resident.predict_dataloader())
    assert capsys.readouterr().out == "the images take 0 MB, above --data.memory_budget 0: read anew in each pass\n"


def test_executions_become_single_steps(folder):
    data = make_data(folder, True, steps_per_execution=20)
    assert data.steps_per_execution == 1
    assert [len(y) for _, y in data.train_dataloader()][:6] == [7, 7, 7, 7, 7, 5]


def test_fits_are_the_same_to_the_bit(folder, make_trainer):
    weights = []
    for streamed in (True, False):
        seed_everything(3, verbose=False)
        model = MulticlassClassifier("cnn", [4])
        make_trainer(max_epochs=2).fit(model, datamodule=make_data(folder, streamed))
        weights.append(model.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
def test_resumed_fit_goes_on_with_the_very_next_batch(folder, make_trainer, tmp_path):
    weights = []
    for ckpt_path in (None, tmp_path / "step=5.ckpt"):
        seed_everything(3, verbose=False)
        keep = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=5, save_top_k=-1)
        first = {"callbacks": [keep], "enable_checkpointing": True} if ckpt_path is None else {}
        trainer = make_trainer(max_epochs=2, **first)
        model = MulticlassClassifier("cnn", [4])
        trainer.fit(model, datamodule=make_data(folder, True), ckpt_path=ckpt_path, weights_only=True)
        weights.append(model.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_reading_leaves_the_random_numbers_of_the_fit_alone(folder):
    data = make_data(folder, True, num_workers=0)
    state = torch.random.get_rng_state()
    list(data.train_dataloader())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_processes_share_the_samples_and_meet_in_every_batch(folder):
    data = make_data(folder, True)
    paths = data.files["train"].paths[:5]
    stream = ImageStream(paths, ImagePreparation(6, 6, 1), 0)
    rows, y = torch.arange(5), torch.arange(5)
    batches = [list(StreamedEvalLoader(EvalLoader(rows, y, 2, data.prepare, rank, 2), stream)) for rank in (0, 1)]
    assert [[y.tolist() for _, y in own] for own in batches] == [[[0, 2], [4]], [[1, 3], []]]
    assert batches[1][1][0].shape == (0, 1, 6, 6)
