"""Experiments of `reproduce.py`: each runs a preset and says which published or re-run figures it met.

An experiment changes the length or seed of its preset, and nothing else, except where it says so. Seeds count from 0,
as in the re-runs, or are the preset's own 42. Held-out figures are of the final weights on val and test together, and
choose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from fits import Fit, Setting, build, run
from torch import Tensor

from litclf.cli.presets import presets
from litclf.models.networks.ensemble import members_of
from litclf.utilities.statistics import wilson


@dataclass(frozen=True)
class Figure:
    """One figure: as published, as a plain PyTorch loop gave it, as litclf gives it, and whether that will do."""

    experiment: str
    figure: str
    published: str
    rerun: str
    ours: str
    ok: bool


def run_seeds(setting: Setting, preset: str, seeds: range, **changes: Any) -> Fit:
    """Fits a preset at all of ``seeds``, as members of one fit; one seed is a fit as any other."""
    return run(setting, preset, seeds[0], len(seeds), **changes)


def share(hits: list[bool]) -> str:
    """How many of the seeds passed, with the interval of the rate."""
    low, high = wilson(sum(hits) / len(hits), len(hits))
    return f"{sum(hits)} of {len(hits)} seeds ({low:.0%}..{high:.0%})"


def percent(value: float) -> str:
    """A share as a percentage with two decimals."""
    return f"{100 * value:.2f} %"


def circles_linear(setting: Setting) -> Iterator[Figure]:
    """Stuck: a linear boundary cannot tell circles apart."""
    fit = run(setting, "circles-linear")
    loss, train, held = fit.result.metrics["train/loss"], fit.accuracy("train"), fit.accuracy("val", "test")
    yield Figure("circles-linear", "train loss", "", "0.69298", f"{loss:.5f}", abs(loss - 0.69298) < 5e-5)
    yield Figure("circles-linear", "train accuracy", "about 50 %", "51.00 %", percent(train), abs(train - 0.51) < 5e-5)
    yield Figure("circles-linear", "held-out accuracy", "about 50 %", "46.00 %", percent(held), abs(held - 0.46) < 5e-5)


def circles(setting: Setting) -> Iterator[Figure]:
    """Losses of seed 42 by step, and the share of seeds that pass 99 %."""
    # Epochs of 500 full-batch steps: an epoch's loss is that of its last step, and the weights are the preset's.
    fit = run(setting, "circles", repeat=500, max_epochs=4)
    for step, loss in ((500, 0.68107), (1000, 0.56890), (1500, 0.12226), (2000, 0.04182)):
        ours = fit.at("train/loss", step - 1)
        yield Figure("circles", f"loss at step {step}", "", f"{loss:.5f}", f"{ours:.5f}", abs(ours - loss) < 5e-5)
    train, held = fit.accuracy("train"), fit.accuracy("val", "test")
    yield Figure("circles", "train accuracy", "", "99.88 %", percent(train), abs(train - 0.99875) < 1e-6)
    yield Figure("circles", "held-out accuracy", "", "100.00 %", percent(held), held == 1)
    held_out = run_seeds(setting, "circles", setting.some(10)).accuracies("val", "test")
    passed = [value > 0.99 for value in held_out]
    # No figure was published for other seeds; half of them failing would mean that the preset does not work.
    yield Figure("circles", "held out above 99 %", "", "differs by seed", share(passed), sum(passed) * 2 > len(passed))


def blobs(setting: Setting) -> Iterator[Figure]:
    """Four clusters: at the seeds of the re-run, and at others, where one more of the 200 points goes astray."""
    for first, least, rerun in ((0, 0.995, "10 of 10 seeds"), (42, 0.99, "7 of 10 at 99.5 %")):
        seeds = setting.some(10, first)
        held = run_seeds(setting, "blobs", seeds).accuracies("val", "test")
        passed = [value >= least for value in held]
        ours = f"{share(passed)}, {percent(min(held))}..{percent(max(held))}"
        figure = f"held out from {100 * least} %, seeds {first}..{seeds[-1]}"
        yield Figure("blobs", figure, "99.5 %", rerun, ours, all(passed))


def centroids(setting: Setting) -> Iterator[Figure]:
    """Reaches accuracy 1.0 unless its ReLUs die."""
    # Epochs of ten passes of 13 steps, which end at the pass that is published; the weights are the preset's.
    ten = {"repeat": 10, "max_epochs": 10}
    seeds = setting.some(5)
    fits = run_seeds(setting, "centroids", seeds, **ten)
    final = fits.accuracies("train")
    passed = [value == 1 for value in final]
    dead = [f"seed {seed} ends at {value:.2f}" for seed, value in zip(seeds, final, strict=True) if value < 1]
    ours = ", ".join([share(passed), *dead])
    yield Figure("centroids", "accuracy 1.0", "1.0", "4 of 5 seeds", ours, sum(passed) >= math.ceil(0.8 * len(passed)))
    # Published for one initialisation, so held to the preset's own; the others differ in speed.
    own = run(setting, "centroids", **ten).at("train/loss", 90 * 13 - 1)
    others = median(fits.each_at("train/loss", 90 * 13))
    ours = f"{own:.4f} at seed 42, median of the others {others:.4f}"
    yield Figure("centroids", "loss after 90 passes below 0.005", "0.0010", "", ours, own < 0.005)


def merged_blobs(setting: Setting) -> Iterator[Figure]:
    """Test loss before and after, the point (-1, 1), and weights that travel in a .pt file."""
    before, after, points, same = [], [], [], True
    seeds = setting.some(5)
    trained = run_seeds(setting, "merged-blobs", seeds).final
    for seed, network in zip(seeds, members_of(trained.network), strict=True):
        model, data, _ = build("merged-blobs")
        torch.manual_seed(seed)
        model.attach(data)
        x, y = data.splits["test"]
        point = torch.tensor([[-1.0, 1.0]])
        with torch.no_grad():
            before.append(float(model.loss(model(x), y)))
            after.append(float(model.loss(model.shaped(network(x)), y)))
            path = setting.root / f"merged-blobs-{seed}.pt"
            torch.save(network.state_dict(), path)
            model.network.load_state_dict(torch.load(path, weights_only=True))
            points.append(float(model.eval()(point).sigmoid()))
            same = same and torch.equal(model(point), model.shaped(network(point)))
    spread = f"{median(before):.2f} ({min(before):.2f}..{max(before):.2f})"
    yield Figure("merged-blobs", "test loss before", "0.71", "", spread, 0.5 < median(before) < 1)
    passed = [value <= 0.36 for value in after]
    ours = f"{median(after):.3f} (..{max(after):.3f}), {share(passed)}"
    yield Figure("merged-blobs", "test loss to 0.36", "0.36", "", ours, all(passed))
    passed = [value >= 0.94 for value in points]
    ours = f"{median(points):.3f} ({min(points):.3f}..), {share(passed)}"
    enough = sum(passed) >= math.ceil(0.8 * len(passed))
    yield Figure("merged-blobs", "P(class 1) at (-1, 1) from 0.94", "0.94", "", ours, enough)
    yield Figure("merged-blobs", ".pt into a new model", "same", "", "same" if same else "differs", same)


def exact(setting: Setting, preset: str, losses: dict[int, float]) -> Iterator[Figure]:
    """Losses to six digits, which the starting point of zero weights fixes."""
    # The preset itself, whose epochs end at other steps, must end on the same loss as ordinary single steps.
    whole = run(setting, preset)
    single = run(setting, preset, repeat=1001, steps_per_execution=1, log_every_n_steps=1, max_epochs=1)
    for index, loss in losses.items():
        ours = single.at("train/loss_step", index)
        yield Figure(preset, f"loss at step {index}", f"{loss:.6f}", "", f"{ours:.6f}", abs(ours - loss) < 6e-7)
    last, ours = max(losses), whole.result.metrics["train/loss"]
    ok = abs(ours - losses[last]) < 6e-7
    yield Figure(preset, f"the same, preset as it is, {last}", f"{losses[last]:.6f}", "", f"{ours:.6f}", ok)
    count, right = len(whole.data.splits["train"].y), whole.accuracy("train")
    yield Figure(preset, "rows right", f"{count} of {count}", "", f"{right * count:.0f} of {count}", right == 1)


def logistic_table(setting: Setting) -> Iterator[Figure]:
    """Logistic regression on six rows."""
    return exact(setting, "logistic-table", {0: 0.693147, 100: 0.134722, 500: 0.037261, 1000: 0.019852})


def softmax_table(setting: Setting) -> Iterator[Figure]:
    """Softmax regression on eight rows."""
    return exact(setting, "softmax-table", {0: 1.098612, 500: 0.467662, 1000: 0.248155})


def mnist(setting: Setting) -> Iterator[Figure]:
    """The published MLP, on the 55 000 images that validation leaves."""
    metrics = run(setting, "mnist").result.metrics
    train, test = metrics["train/accuracy"], metrics["test/accuracy"]
    yield Figure("mnist", "running train accuracy from 97.8 %", "98.18 %", "", percent(train), train >= 0.978)
    yield Figure("mnist", "test accuracy from 96.5 %", "", "", rate_of_test(test), test >= 0.965)


def mnist_tuned(setting: Setting) -> Iterator[Figure]:
    """The same network with a modern recipe."""
    test = run(setting, "mnist-tuned").result.metrics["test/accuracy"]
    yield Figure("mnist-tuned", "test accuracy from 98.3 %", "", "", rate_of_test(test), test >= 0.983)


def mnist_cnn(setting: Setting) -> Iterator[Figure]:
    """A small convolutional network."""
    test = run(setting, "mnist-cnn").result.metrics["test/accuracy"]
    yield Figure("mnist-cnn", "test accuracy from 99.3 %", "99.4 % wanted", "", rate_of_test(test), test >= 0.993)


def rate_of_test(accuracy: float) -> str:
    """An accuracy on MNIST's 10 000 test images, with its interval."""
    low, high = wilson(accuracy, 10_000)
    return f"{percent(accuracy)} ({100 * low:.2f}..{100 * high:.2f})"


def activations(setting: Setting) -> Iterator[Figure]:
    """How much of the gradient reaches the first of nine layers, at the first step."""
    ratios = {}
    for name in ("sigmoid", "tanh", "relu", "leaky_relu"):
        changes: dict[str, Any] = {"activation": name, "repeat": 1, "steps_per_execution": 1, "max_epochs": 1}
        fits = [run(setting, "activations", seed, log_every_n_steps=1, **changes) for seed in setting.some(5)]
        ratios[name] = median(fit.at("gradients/first_over_last", 0) for fit in fits)
    for name, wanted, ok in (
        ("sigmoid", "vanishes: below 1e-3", ratios["sigmoid"] < 1e-3),
        *((name, "holds: above 0.05", ratios[name] > 0.05) for name in ("tanh", "relu", "leaky_relu")),
    ):
        yield Figure("activations", f"first over last, {name}", wanted, "", f"{ratios[name]:.1e} (median)", ok)


def restoration(setting: Setting) -> Iterator[Figure]:
    """The image is found again."""
    fit = run(setting, "restoration")
    model, data, _ = build("restoration")
    torch.manual_seed(42)
    model.attach(data)
    batch: tuple[Tensor, Tensor] = next(iter(data.val_dataloader()))
    with torch.no_grad():
        first = float(model.step(*batch)[0])
    last, psnr = fit.result.metrics["val/loss"], fit.result.metrics["val/psnr"]
    ours = f"{last:.4f} from {first:.4f}"
    yield Figure("restoration", "loss below a tenth of the first", "toward 0", "", ours, last < 0.1 * first)
    yield Figure("restoration", "PSNR above 30 dB", "recognisable", "", f"{psnr:.1f} dB", psnr > 30)


EXPERIMENTS: dict[str, Callable[[Setting], Iterator[Figure]]] = {
    "circles-linear": circles_linear,
    "circles": circles,
    "blobs": blobs,
    "centroids": centroids,
    "merged-blobs": merged_blobs,
    "logistic-table": logistic_table,
    "softmax-table": softmax_table,
    "mnist": mnist,
    "mnist-tuned": mnist_tuned,
    "mnist-cnn": mnist_cnn,
    "activations": activations,
    "restoration": restoration,
}


def reason_to_skip(name: str, setting: Setting) -> str | None:
    """Why an experiment cannot run here; None where it can."""
    if name not in presets():
        return f"there is no preset {name}"
    if name.startswith("mnist") and not (setting.mnist and (Path(setting.mnist) / "MNIST" / "raw").is_dir()):
        return "pass --mnist DATA_DIR, the folder that holds MNIST/raw"
    return None
