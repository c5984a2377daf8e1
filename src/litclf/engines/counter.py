"""The Trainer's two step counters: the only place that touches anything private of Lightning's.

With automatic optimization Lightning counts one step a batch. An execution is one batch and many steps, so the steps
are counted here. ``tests/engines/test_counter.py`` fails when Lightning renames or moves what is used.
"""

from __future__ import annotations

from lightning.pytorch import Trainer


def count_steps(trainer: Trainer, steps: int) -> None:
    """Counts ``steps`` optimizer steps that bypassed Lightning's optimizer wrapper.

    ``trainer.global_step`` reads this counter, and with it ``max_steps``, checkpoint names and ``every_n_train_steps``.
    """
    progress = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
    progress.total.increment_by(steps)
    progress.current.increment_by(steps)


def restore_steps(trainer: Trainer, steps: int) -> None:
    """Makes ``trainer.global_step`` go on from ``steps``.

    Lightning keeps one counter for ordinary steps and one for ours, and a resumed fit may change from one to the other.
    """
    loop = trainer.fit_loop.epoch_loop
    if trainer.lightning_module.automatic_optimization:
        loop.automatic_optimization.optim_progress.optimizer.step.increment_by(steps - trainer.global_step)
    else:
        count_steps(trainer, steps - trainer.global_step)


def align_logging(trainer: Trainer) -> None:
    """Makes the x axis of all loggers the index of the last optimizer step, as in ordinary Lightning.

    ``log_every_n_steps`` and every callback that logs read this counter; Lightning itself adds one after each batch.
    """
    trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step - 1
