"""Run folders made by hand, as `litclf fit` leaves them."""

import base64
from io import BytesIO

import pytest
from PIL import Image

NAMES = ["<b>고양이</b>", "</script><script>alert(1)</script>", "dog & 'cat'"]
"""Class names that look like markup; a page that shows them is one that escapes."""


@pytest.fixture
def row_folder(make_run):
    """Two classes in the plane: 200 test rows, 7 of them wrong."""
    metrics = {
        "val/loss": 0.25, "val/accuracy": 0.95, "train/loss": 0.2, "train/accuracy": 0.96, "test/loss": 0.26,
        "test/accuracy": 0.965, "global_step": 400, "fit_seconds": 0.46, "engine": "kernel", "seed": 42,
        "versions": {"litclf": "0.1.0", "torch": "2.14.1"}, "best": {"path": "best.ckpt", "score": 0.22},
        "facts": {
            "started": "2026-01-02T03:04:05+00:00", "hardware": "A processor, 2 CPUs",
            "num_train": 800, "num_val": 100, "num_test": 200, "class_names": ["outer", "inner"],
            "initial_loss": 0.71, "learning_rate": 0.1, "gradients": None, "confusion": [[98, 2], [5, 95]],
            "baselines": {
                "majority class": {"loss": 0.693, "accuracy": 0.52},
                "logistic regression": {"loss": 0.694, "accuracy": 0.5},
            },
        },
    }  # fmt: skip
    losses = [(0.6, 0.62, 0.7), (0.4, 0.41, 0.9), (0.25, 0.22, 0.95), (0.2, 0.25, 0.95)]
    rows = [
        {"step": 100 * n + 99, "epoch": n, "train/loss": train, "val/loss": val, "val/accuracy": accuracy}
        for n, (train, val, accuracy) in enumerate(losses)
    ]
    sample = {"index": 17, "target": 1, "predicted": 0, "probability": 0.875, "loss": 2.08, "values": [0.25, -1.5]}
    samples = {
        "kind": "row", "columns": ["width", "height"], "worst": [sample],
        "cells": {"1,0": [sample, sample | {"index": 23, "probability": None}], "0,0": [sample | {"target": 0}]},
    }  # fmt: skip
    pictures = ["data.png", "boundary.png", "boundary.gif", "curves.png", "confusion_matrix.png", "reliability.png"]
    return make_run(metrics=metrics, rows=rows, samples=samples, config="model: BinaryClassifier\n", pictures=pictures)


@pytest.fixture
def member_folder(make_run):
    """Three members in the plane, of which the last diverges after the second of three epochs."""
    accuracies = {42: [0.5, 0.75, 1.0], 43: [0.5, 0.5, 0.75], 44: [0.25, 0.5, None]}
    told = {"mean": 0.875, "std": 0.125, "low": 0.5, "high": 1.0, "least": 0.75, "most": 1.0, "interval": "student"}
    mark = {"mark": 0.9, "reached": 1, "of": 3, "share": 1 / 3, "low": 0.06, "high": 0.79}
    units = [{"units": 4, "dead": 0}, {"units": 4, "dead": 2}]
    metrics = {
        "val/accuracy": 0.875, "test/accuracy": 0.875, "test/loss": 0.2, "ensemble/accuracy": 0.96,
        "members": {"seeds": [42, 43, 44], "metrics": {"test/accuracy": told}, "marks": {"test/accuracy": mark}},
        "facts": {"num_test": 100, "num_train": 800, "dead_units": [[], units, None]},
    }  # fmt: skip
    rows = [{"step": 100 * n + 99, "epoch": n, "val/accuracy": mean} for n, mean in enumerate([0.4167, 0.5833, 0.875])]
    folder = make_run(metrics=metrics, rows=rows)
    lines = [
        f"{100 * n + 99},{n},{seed},{'' if own[n] is None else own[n]}"
        for n in range(3)
        for seed, own in accuracies.items()
    ]
    (folder / "member_curves.csv").write_text("\n".join(["step,epoch,seed,val/accuracy", *lines]) + "\n")
    (folder / "members.csv").write_text(
        "seed,best_epoch,best_step,diverged_at,val/accuracy,test/loss,test/accuracy\n"
        "42,3,300,,1.0,0.1,1.0\n43,2,200,,0.75,0.3,0.75\n44,,,250,,,\n"
    )
    return folder


@pytest.fixture
def fold_folder(make_run):
    """Three folds of seven rows of which one is never held out; names of classes and columns look like markup."""
    values = {"0.5": [0.9, 0.5], "1.0": [0.2, 1.0], "0.0": [1.3, 0.0]}
    told = {"mean": 0.5, "std": 0.5, "low": 0.0, "high": 1.0, "least": 0.0, "most": 1.0}
    told |= {"interval": "nadeau-bengio", "count": 3}
    metrics = {
        "test/accuracy": 0.5, "members": {"seeds": [42, 43, 44], "metrics": {"test/accuracy": told}},
        "folds": {"folds": 3, "repeats": 1, "groups": "환자", "order_by": None}, "facts": {"class_names": NAMES[:2]},
    }  # fmt: skip
    cat, dog = NAMES[:2]
    samples = {
        "kind": "row", "columns": ["크기 <b>", "row"],
        "rows": {"a.csv line 3": ["1.5", "<i>빨강</i>"], "a.csv line 2": ["12", ""]},
    }  # fmt: skip
    rows = [{"step": 10 * n + 9, "epoch": n, "val/loss": 1 - n / 4, "val/accuracy": n / 4} for n in range(3)]
    folder = make_run("logs/a_cv/version_0", metrics=metrics, samples=samples, rows=rows)
    tables = {
        "cv": ["repeat,fold,seed,train_rows,val_rows,test_rows,best_epoch,val/accuracy,test/loss,test/accuracy"]
        + [f"1,{n + 1},{42 + n},3,1,2,{n + 1},0.5,{own[0]},{own[1]}" for n, own in enumerate(values.values())],
        "member_curves": ["step,epoch,seed,val/accuracy"]
        + [f"{10 * n + 9},{n},{seed},{n / 4}" for n in range(3) for seed in (42, 43, 44)],
        "oof": [f"row,label,predicted,fold_1,p({cat}),p({dog})"]
        + [f"a.csv line {n + 2},{label},{guess},1,{p},{q}" for n, (label, guess, p, q) in enumerate([
            (cat, cat, 0.8, 0.2), (cat, dog, 0.1, 0.9), (dog, dog, 0.3, 0.7),
            (dog, cat, 0.6, 0.4), (cat, dog, 0.2, 0.8), (dog, dog, 0.0, 1.0), (dog, "", "", ""),
        ])],
        "classes": ["class,rows,precision,recall,recall_low,recall_high,f1", f"{cat},3,0.5,0.3333,0.06,0.79,0.4",
                    f"{dog},3,0.5,0.6667,0.21,0.94,0.5714"],
        "slices": ["column,value,rows,accuracy,accuracy_low,accuracy_high,mostly_taken_for",
                   f"<b>색</b>,2020,5,0.2,0.04,0.62,{dog}", f"class,{dog},6,0.6667,0.3,0.9,{cat}"],
        "importance": ["column,loss_gained,loss_gained_low,loss_gained_high,accuracy_lost,accuracy_lost_low,"
                       "accuracy_lost_high", "크기 <b>,0.9,0.4,1.4,0.2,0.1,0.3", "noise,0.01,-0.1,0.12,0.0,-0.1,0.1"],
        "label_errors": ["row,label,seems,quality,is_error", f"a.csv line 3,{cat},{dog},0.1,True",
                         f"a.csv line 2,{cat},{dog},0.8,False"],
        "learning_curve": ["share,rows,test/accuracy,test/accuracy_low,test/accuracy_high,gain,gain_low,gain_high",
                           "0.7,4,0.4,0.3,0.5,,,", "1.0,6,0.5,0.4,0.6,0.1,0.02,0.18"],
    }  # fmt: skip
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def image_folder(make_run):
    """Three classes of 8x8 images, whose names, folder and settings look like markup."""
    facts = {"class_names": NAMES, "num_test": 6, "confusion": [[2, 1, 0], [0, 2, 0], [0, 0, 1]]}
    rows = [{"step": 9, "epoch": 0, "train/loss": 1.0, "val/loss": 0.9}, {"step": 19, "epoch": 1, "train/loss": 0.5}]
    samples = {
        "kind": "image", "columns": [], "worst": [image_sample(4, 0, 1)],
        "cells": {"0,1": [image_sample(4, 0, 1)], "1,1": [image_sample(0, 1, 1), image_sample(2, 1, 1)]},
    }  # fmt: skip
    return make_run(
        "logs/<i>숫자<i>/version_3",
        metrics={"test/accuracy": 5 / 6, "val/loss": 0.9, "facts": facts},
        rows=rows,
        samples=samples,
        config="name: <script>alert('설정')</script>\n",
        pictures=["predictions.png", "worst.png", "confusion_matrix.png"],
    )


def image_sample(index, target, predicted):
    buffer = BytesIO()
    Image.frombytes("L", (8, 8), bytes(range(index, index + 64))).save(buffer, "png")
    image = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return {
        "index": index, "target": target, "predicted": predicted, "probability": 0.75, "loss": 1.5, "image": image
    }  # fmt: skip
