"""Fits of a small network for the tests of executions, and the same fit as a loop in PyTorch alone."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR

from litclf import BinaryClassifier, CirclesDataModule

SAMPLES, BATCH, REPEAT, EPOCHS, SEED = 53, 8, 2, 2, 42
STEPS = -(-SAMPLES // BATCH) * REPEAT * EPOCHS  # 28; the last mini-batch of each pass has 5 samples
RECIPES = {
    "sgd": {"optimizer": "sgd", "lr": 0.1},
    "momentum": {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    "adam": {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
}
SCHEDULES = ("none", "cosine", "onecycle", "step")


def make_data(most, **settings):
    settings = {"num_samples": SAMPLES, "holdout": 0, "batch_size": BATCH, "repeat": REPEAT} | settings
    return CirclesDataModule(steps_per_execution=most, seed=SEED, **settings)


def make_model(recipe, kind=BinaryClassifier):
    torch.manual_seed(SEED)
    return kind(hidden_dims=[10, 10], input_shape=[2], num_classes=2, **{"engine": "eager"} | recipe)


def fit(most, make_trainer, recipe, data=None, kind=BinaryClassifier, **trainer):
    model = make_model(recipe, kind)
    made = make_trainer(**{"max_epochs": EPOCHS} | trainer)
    made.fit(model, datamodule=make_data(most, **data or {}))
    return model, made


def weights(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def plain_loop(recipe, clip=None, autocast=False):
    """What a fit does, in PyTorch alone."""
    x, y = make_data(1).splits["train"]
    torch.manual_seed(SEED)
    network = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1))
    recipe = dict(recipe)
    name, schedule = recipe.pop("optimizer"), recipe.pop("lr_schedule", "none")
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    optimizer = kind(network.parameters(), **recipe, fused=True)
    cycles = name != "sgd" or recipe.get("momentum", 0) > 0
    scheduler = {
        "none": lambda: None,
        "cosine": lambda: CosineAnnealingLR(optimizer, STEPS),
        "onecycle": lambda: OneCycleLR(optimizer, recipe["lr"], STEPS, cycle_momentum=cycles),
        "step": lambda: StepLR(optimizer, -(-STEPS // 3)),
    }[schedule]()
    for number in range(REPEAT * EPOCHS):
        rows = torch.from_numpy(np.random.default_rng((SEED, number, 0)).permutation(SAMPLES))
        for chosen in rows.split(BATCH):
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = F.binary_cross_entropy_with_logits(network(x[chosen]).flatten(), y[chosen].float())
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                clip(network.parameters())
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
    return weights(network)
