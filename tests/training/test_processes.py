"""Two processes by DDP do what one does, also where the samples do not divide."""

import csv
import json
import multiprocessing
import os
import re
import signal
import socket
import sys

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities import rank_zero_only
from sklearn.datasets import make_blobs

from litclf import BinaryClassifier, InputError, MulticlassClassifier, TableDataModule, fit
from litclf.utilities.errors import RunError

SLOW = pytest.mark.slow


def fit_here(
    processes,
    root,
    samples=303,
    num_classes=2,
    batch_size=16,
    steps_per_execution=3,
    features=2,
    engine="kernel",
    optimizer="sgd",
    smoothing=0.0,
    **settings,
):
    """A fit of the same global batch on as many processes, of which this is one; a third of the samples a split."""
    x, y = make_blobs(samples, features, centers=num_classes, cluster_std=4.0, random_state=0)
    data = TableDataModule(
        rows=x.tolist(),
        targets=y.tolist(),
        holdout=2 / 3,
        batch_size=batch_size // processes,
        steps_per_execution=steps_per_execution,
    )
    kind = BinaryClassifier if num_classes == 2 else MulticlassClassifier
    engine = "eager" if steps_per_execution == 1 else engine
    model = kind(hidden_dims=[8], lr=0.1, engine=engine, optimizer=optimizer, label_smoothing=smoothing)
    settings = {"max_epochs": 3, "accelerator": "cpu", "enable_progress_bar": False, **settings}
    if processes > 1:
        settings |= {"devices": processes, "strategy": "ddp"}
    fit(model, data, name=str(processes), threads=1, default_root_dir=root, **settings)


def as_torchrun_does(rank, port, root, arguments):
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT")
    os.environ.update(zip(names, map(str, (rank, rank, 2, 2, 0, "127.0.0.1", port)), strict=True))
    rank_zero_only.rank = rank  # read from the environment when Lightning is imported, which it is here
    fit_here(2, root, **arguments)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def fit_on(processes, root, **arguments):
    """The run folder of a fit on one process, or on two forked ones."""
    if processes == 1:
        fit_here(1, root, **arguments)
    else:
        port = free_port()
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=as_torchrun_does, args=(rank, port, root, arguments)) for rank in (0, 1)]
        for child in children:
            child.start()
        for child in children:
            child.join(120)
        assert [child.exitcode for child in children] == [0, 0]
    return root / "lightning_logs" / str(processes) / "version_0"


def weights(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def assert_same_run(one, two):
    for name, weight in weights(one).items():
        torch.testing.assert_close(weights(two)[name], weight, rtol=0, atol=1e-6)
    single, double = (json.loads((folder / "metrics.json").read_text()) for folder in (one, two))
    stages = {key: value for key, value in single.items() if "/" in key}
    assert {"train/loss", "train/accuracy", "val/auroc", "test/accuracy"} <= stages.keys()
    assert {key: double[key] for key in stages} == pytest.approx(stages, abs=1e-5)
    rows = [list(csv.DictReader((folder / "metrics.csv").read_text().splitlines())) for folder in (one, two)]
    assert len(rows[0]) == len(rows[1])
    for own, other in zip(*rows, strict=True):
        assert {k: float(v) for k, v in other.items() if v} == pytest.approx(
            {k: float(v) for k, v in own.items() if v}, abs=1e-5
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {"steps_per_execution": 1},  # 101 samples in mini-batches of 16: the last has 5, of which one process gets 3
        pytest.param({}, marks=SLOW),
        pytest.param({"engine": "eager"}, marks=SLOW),
        pytest.param({"optimizer": "adam", "gradient_clip_val": 0.1, "smoothing": 0.1}, marks=SLOW),
        pytest.param({"num_classes": 3}, marks=SLOW),
        pytest.param({"batch_size": 20}, marks=SLOW),
        pytest.param({"batch_size": 20, "engine": "eager", "gradient_clip_val": 0.1}, marks=SLOW),
        pytest.param({"batch_size": 20, "steps_per_execution": 1}, marks=SLOW),
        # One process has no sample of the last mini-batch, the splits few.
        pytest.param({"samples": 11, "batch_size": 4}, marks=SLOW),
    ],
    ids=["batches", "kernel", "eager", "clipped", "classes", "borrowed", "borrowed eager", "borrowed batches", "few"],
)
def test_two_processes_give_weights_and_metrics_of_one(arguments, tmp_path):
    assert_same_run(*(fit_on(processes, tmp_path, **arguments) for processes in (1, 2)))


@SLOW  # all pictures of two fits
def test_executions_whose_end_one_process_borrows_are_those_of_one_and_pictures_show_the_whole_test_split(tmp_path):
    # The last mini-batch of 101 samples has one, and one process none of it.
    # Three features, so that the plane is not drawn.
    settings = {"batch_size": 20, "num_classes": 3, "features": 3, "max_epochs": 2, "pictures": True}
    one, two = (fit_on(processes, tmp_path, **settings) for processes in (1, 2))
    assert_same_run(one, two)
    matrices = [(folder / "confusion_matrix.csv").read_text() for folder in (one, two)]
    assert matrices[0] == matrices[1]
    samples = [json.loads((folder / "samples.json").read_text()) for folder in (one, two)]
    assert [worst["index"] for worst in samples[0]["worst"]] == [worst["index"] for worst in samples[1]["worst"]]
    assert (two / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["kernel", "eager"])
def test_a_fit_on_two_processes_resumes_to_the_same_weights(engine, tmp_path):
    settings = {"engine": engine, "optimizer": "adam"}
    whole = fit_on(2, tmp_path / "whole", **settings)
    cut = fit_on(2, tmp_path / "cut", max_epochs=1, **settings)
    resumed = fit_on(2, tmp_path / "cut", ckpt_path=cut / "checkpoints" / "last.ckpt", **settings)
    assert resumed == cut
    for name, weight in weights(whole).items():
        assert torch.equal(weights(resumed)[name], weight)


class Dies(Callback):
    """Ends the second process as the kernel does that is out of memory."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_rank == 1 and trainer.global_step > 6:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_was_killed_is_told_of_by_the_other(tmp_path):
    port, context, arguments = free_port(), multiprocessing.get_context("fork"), {"callbacks": [Dies()]}

    def first():
        try:
            as_torchrun_does(0, port, tmp_path, arguments)
        except RunError as error:
            (tmp_path / "said").write_text(str(error))
            sys.exit(1)

    children = [
        context.Process(target=first),
        context.Process(target=as_torchrun_does, args=(1, port, tmp_path, arguments)),
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [1, -signal.SIGKILL]
    line = r"trainer\.devices: another process of the run has ended: .*; fix: go on by litclf resume .*/version_0"
    assert re.fullmatch(line, (tmp_path / "said").read_text())


def test_fewer_samples_than_processes_are_refused():
    data = TableDataModule(rows=[[0.0]], targets=[1], target_names=["a", "b"])
    data.trainer = type("Two", (), {"global_rank": 0, "world_size": 2})()
    with pytest.raises(ValueError, match="2 processes cannot share 1 training samples; fix: pass fewer devices"):
        data.setup("fit")


@pytest.mark.parametrize("strategy", ["ddp_fork", "ddp_spawn", "ddp_notebook", DDPStrategy(start_method="spawn")])
def test_processes_that_do_not_run_the_script_are_refused(strategy, tmp_path):
    with pytest.raises(InputError, match=rf"trainer.strategy: .*{re.escape(str(strategy))}.*; fix: pass ddp"):
        fit_here(1, tmp_path, devices=2, strategy=strategy)
    assert not list(tmp_path.rglob("version_*"))


def test_shares_of_a_split_are_all_of_it():
    rows = np.arange(101)
    assert sorted(np.concatenate([rows[rank::2] for rank in (0, 1)])) == rows.tolist()
