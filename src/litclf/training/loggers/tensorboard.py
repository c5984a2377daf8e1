"""TensorBoard logger: what a dashboard shows of a run, beside the scalars too."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from struct import unpack
from typing import Any

from lightning.pytorch.core.saving import save_hparams_to_yaml
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor, nn
from torch.utils.tensorboard.summary import hparams
from yaml import YAMLError

from litclf.models.networks.ensemble import members_of
from litclf.models.points import Rows
from litclf.training.loggers.graph import graph_of
from litclf.training.loggers.pace import Pace
from litclf.utilities.files import replacing
from litclf.utilities.text import plain_yaml

BAND = "band/{key}/{end}"
"""Under which the ends of the band of members stand, ``low`` and ``high``, beside a metric that is their mean."""


class RunTensorBoard(TensorBoardLogger):
    """A TensorBoard logger that writes into the run folder itself, in one events file for fit and test.

    Args:
        folder: The run folder.
        purge_step: Step from which a resumed fit logs anew; a TensorBoard that is open drops what it has read of
            later ones. None for a new run.
        bands: The stages of which there are bands of members to be shown.

    Example:
        >>> RunTensorBoard(Path("lightning_logs/circles/version_0")).log_dir
        'lightning_logs/circles/version_0'
    """

    def __init__(self, folder: Path, purge_step: int | None = None, bands: Sequence[str] = ()) -> None:
        self._folder, self._goes_on, self._bands = folder, purge_step is not None, bands
        super().__init__(
            folder.parent.parent,
            name=folder.parent.name,
            version=folder.name,
            default_hp_metric=False,
            purge_step=purge_step,
            flush_secs=1,  # by the writer's own thread: the fit waits for no disk
            max_queue=1000,  # nor for that thread, which runs while an engine does
        )
        self._has_graph = self._goes_on
        self._has_hparams = False
        self._config = ""
        self._waiting: list[tuple[int, float, dict[str, float]]] = []
        self._pace = Pace()
        self._lengths: dict[str, int] | None = None

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Shows ``metrics``, once they are written."""
        self._waiting.append((step or 0, time.time(), {name: float(value) for name, value in metrics.items()}))

    @rank_zero_only
    def log_rows(self, key: str, rows: Rows, epoch: int) -> None:
        """Shows the value of ``key`` at each step of ``rows``."""
        now = time.time()
        self._waiting += [(step, now, {key: value}) for step, value in zip(rows.steps, rows.values, strict=True)]
        self.save()

    @rank_zero_only
    def write(self) -> None:
        """Hands what waits to TensorBoard's thread, which has it on the disk within a second.

        What is logged in one call is one event; Lightning makes one of each value, and wakes the thread for each, which
        then fights with the fit for the interpreter.
        """
        if not self._waiting:
            return
        with self._pace.writing():
            for step, at, row in self._waiting:
                values = [Summary.Value(tag=name, simple_value=value) for name, value in row.items()]
                self.experiment.file_writer.add_summary(Summary(value=values), step, at)
            self._waiting = []

    @rank_zero_only
    def log_graph(self, model: nn.Module, input_array: Tensor | None = None) -> None:
        """Shows the network, once: without the metrics around it.

        The Trainer calls it at the start of each stage.
        """
        if self._config:
            self._describe()
        example = input_array if input_array is not None else getattr(model, "example_input_array", None)
        if self._has_graph or not isinstance(example, Tensor):
            return
        network = next(iter(members_of(getattr(model, "network", None))), model)  # members have the same
        # One that does not take the example trains without a graph.
        with suppress(RuntimeError):
            graph = graph_of(network, example.to(next(model.parameters()).device))
            self.experiment.file_writer.add_event(Event(graph_def=graph.SerializeToString()))
        self._has_graph = True

    @property
    def experiment(self) -> Any:
        """TensorBoard's writer; whoever asks for it may write, so that the length of the files is not known then."""
        self._lengths = None
        return super().experiment

    def state(self) -> dict[str, Any]:
        """How far the events files are, as plain values for a checkpoint: the length of each, and what waits."""
        if self._lengths is None:
            self.experiment.flush()
            self._lengths = {path.name: path.stat().st_size for path in self._events()}
        return {"files": dict(self._lengths), "waiting": list(self._waiting)}

    def rewind(self, state: dict[str, Any]) -> None:
        """Makes the events what they were when ``state`` was asked for; call it before anything is logged."""
        for path in self._events():
            length = state["files"].get(path.name)
            if length is None:
                path.unlink()
            elif length < path.stat().st_size:
                os.truncate(path, length)
        self._waiting = list(state["waiting"])

    def _events(self) -> list[Path]:
        return sorted(self._folder.glob("events.out.tfevents.*"))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Writes out what is held; the Trainer calls this after each stage, and the next one goes on in the file."""
        self.write()
        self.experiment.flush()
        self.save()

    @rank_zero_only
    def save(self) -> None:
        """Writes what waits, where it is time again, and ``hparams.yaml``, which Lightning would write in place.

        The Trainer calls this after each row.
        """
        if self._pace.is_due:
            self.write()
        if self._has_hparams or not self._folder.is_dir():
            return
        path = self._folder / self.NAME_HPARAMS_FILE
        if not path.is_file():
            with replacing(path) as beside:
                try:
                    beside.write_text(plain_yaml(dict(self.hparams)), encoding="utf-8")
                except YAMLError:  # of values that Lightning tells by their class
                    save_hparams_to_yaml(beside, self.hparams)
        self._has_hparams = True

    def describe(self, config: str) -> None:
        """Shows the run's config as text, once the fit has started: only then is it known which process writes."""
        self._config = config

    def _describe(self) -> None:
        """Shows the config, and charts of a metric: train, val and test in one, and the band of members of each."""
        self.experiment.add_text("config", f"```yaml\n{self._config}\n```")
        self._config = ""
        charts: dict[str, dict[str, list[Any]]] = {}
        for name in ("loss", "accuracy"):
            tags = [f"{stage}/{name}$" for stage in ("train", "val", "test")]
            charts[name] = {name: ["Multiline", ["train/loss_step$", *tags] if name == "loss" else tags]}
            for key in (f"{stage}/{name}" for stage in self._bands):
                ends = [BAND.format(key=key, end=end) for end in ("low", "high")]
                charts[name][f"{key}, with 95 % of the members"] = ["Margin", [key, *ends]]
        self.experiment.add_custom_scalars(charts)

    @rank_zero_only
    def log_png(self, tag: str, content: bytes, step: int) -> None:
        """Shows the content of a PNG file as it is; ``add_image`` would encode its pixels anew."""
        width, height = unpack(">II", content[16:24])
        image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=content)
        self.experiment.file_writer.add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)

    @rank_zero_only
    def conclude(self, params: dict[str, Any], metrics: dict[str, Any]) -> None:
        """Fills the hparams tab with settings and with those ``metrics`` that were logged, and closes the file."""
        scores = {key: value for key, value in metrics.items() if "/" in key and not key.startswith("gradients")}
        known = {
            key: value if isinstance(value, bool | int | float | str) else str(value) for key, value in params.items()
        }
        self.write()
        self.experiment.flush()
        # Lightning's `log_hyperparams` would log every metric a second time.
        for summary in hparams(known, scores):  # type: ignore[no-untyped-call]
            self.experiment.file_writer.add_summary(summary)
        self.experiment.close()
