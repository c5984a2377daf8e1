"""The oracle of the engines: the loop that everyone writes by hand, which knows neither engines nor executions."""

import torch
from torch import nn
from torch.nn import functional as F


def by_hand(learner, execution, shares=None):
    """The loss of each step of the loop, and how many were right in it."""
    losses, right = [], []
    for number, (start, end) in enumerate(execution.steps.rows):
        x, y = execution.x[start:end], execution.y[start:end]
        loss, outputs = learner.step(x, y)
        learner.optimizer.zero_grad()
        (loss if shares is None else loss * shares[number]).backward()
        if learner.clip is not None:
            clip = {"norm": nn.utils.clip_grad_norm_, "value": nn.utils.clip_grad_value_}[learner.clip.kind]
            groups = learner.optimizer.param_groups  # in whose order Lightning, too, sums their norms
            clip([parameter for group in groups for parameter in group["params"]], learner.clip.limit)
        learner.optimizer.step()
        for schedule in learner.schedules:
            schedule.step()
        losses.append(loss.detach())
        counted = learner.correct(outputs.detach(), y)
        right.append(0 if counted is None else int(counted))
    return torch.stack(losses), right


def loss_by_hand(logits, y, loss):
    """What ``loss`` says, of logits of shape ``(N, C)``, or ``(N, 1)`` for two classes."""
    if logits.shape[1] == 1:
        if loss.class_weights is None and not loss.label_smoothing:
            return F.binary_cross_entropy_with_logits(logits.flatten(), y.float())
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    weights = None if loss.class_weights is None else logits.new_tensor(loss.class_weights)
    # PyTorch's own mean is over the weights; here it is over the samples, so that those of processes add up.
    each = F.cross_entropy(logits, y, weights, label_smoothing=loss.label_smoothing, reduction="none")
    return each.mean()


def right_by_hand(logits, y):
    """How many of some logits, as above, are right."""
    return ((logits.flatten() > 0 if logits.shape[1] == 1 else logits.argmax(1)) == y).sum()
