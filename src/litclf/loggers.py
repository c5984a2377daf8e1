"""What a run writes while it trains: ``metrics.csv``, and what TensorBoard shows beside the scalars."""

from __future__ import annotations

import csv
import os
from argparse import Namespace
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from struct import unpack
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor, nn
from torch.utils.tensorboard.summary import hparams


class MetricsCSV(Logger):
    """Writes ``metrics.csv``: a row for each logged step, train and val beside each other.

    Unlike Lightning's ``CSVLogger`` it goes on with a file that is there, as resuming needs, see :meth:`rewind`. Every
    call leaves a whole file on disk.

    Args:
        folder: The run folder.

    Example:
        >>> import tempfile
        >>> logger = MetricsCSV(Path(tempfile.mkdtemp()))
        >>> logger.log_metrics({"train/loss": 0.5}, step=9)
        >>> logger.log_metrics({"val/loss": 0.25}, step=9)
        >>> logger.path.read_text().split()
        ['step,train/loss,val/loss', '9,0.5,0.25']
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.path = folder / "metrics.csv"
        self._columns: list[str] = ["step"]
        self._row: dict[str, Any] = {}
        self._row_at = 0
        self._opened = False

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.folder.parent.name

    @property
    def version(self) -> str:
        """Name of the run folder."""
        return self.folder.name

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Does nothing: the run's settings are in ``config.yaml`` and ``hparams.yaml``."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Adds ``metrics`` to the row of ``step``."""
        step = step or 0
        if not self._opened:
            self._write_all(self._rows_before(step), metrics)
            self._opened = True
        if step != self._row.get("step"):
            self._row, self._row_at = {"step": step}, self.path.stat().st_size
        self._row.update({key: f"{float(value):.7g}" for key, value in metrics.items()})
        if not self._row.keys() <= set(self._columns):
            self._write_all(self._rows_before(step), metrics)
            self._row_at = self.path.stat().st_size
        self._write_row()

    def state(self) -> dict[str, Any]:
        """How far the file is, as plain values for a checkpoint: its columns and its latest row."""
        return {"columns": list(self._columns), "row": dict(self._row)}

    def rewind(self, state: dict[str, Any]) -> None:
        """Makes the file what it was when ``state`` was asked for; does nothing where there is no file."""
        if not self.path.is_file() or not state["row"]:
            return
        rows = self._rows_before(state["row"]["step"])
        self._columns, self._row, self._opened = list(state["columns"]), dict(state["row"]), True
        self._write_all(rows, {})
        self._row_at = self.path.stat().st_size
        self._write_row()

    def _rows_before(self, step: int) -> list[dict[str, Any]]:
        """The file's rows of earlier steps; a last row that a killed run left unfinished is none."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not self._opened and rows:
            self._columns = list(rows[0])
        return [row for row in rows if row["step"].isdigit() and int(row["step"]) < step]

    def _write_row(self) -> None:
        with self.path.open("r+", newline="", encoding="utf-8") as file:
            file.seek(self._row_at)
            csv.DictWriter(file, self._columns).writerow(self._row)
            file.truncate()

    def _write_all(self, rows: list[dict[str, Any]], metrics: dict[str, float]) -> None:
        """Replaces the file by ``rows`` under a header that has room for ``metrics``, in one stroke."""
        self._columns += sorted(metrics.keys() - set(self._columns))
        beside = self.path.with_suffix(".tmp")
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        beside.replace(self.path)


class RunTensorBoard(TensorBoardLogger):
    """A TensorBoard logger that writes into the run folder itself, in one events file for fit and test.

    Args:
        folder: The run folder.
        purge_step: Step from which a resumed fit logs anew; a TensorBoard that is open drops what it has read of
            later ones. None for a new run.

    Example:
        >>> RunTensorBoard(Path("lightning_logs/circles/version_0")).log_dir
        'lightning_logs/circles/version_0'
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        self._folder, self._goes_on = folder, purge_step is not None
        super().__init__(
            folder.parent.parent,
            name=folder.parent.name,
            version=folder.name,
            default_hp_metric=False,
            purge_step=purge_step,
        )
        self._has_graph = self._goes_on
        self._config = ""

    @rank_zero_only
    def log_graph(self, model: nn.Module, input_array: Tensor | None = None) -> None:
        """Shows the network, once: without the metrics around it, and without a trace in its batch norms.

        The Trainer calls it at the start of each stage.
        """
        if self._config:
            self._describe()
        example = input_array if input_array is not None else getattr(model, "example_input_array", None)
        if self._has_graph or not isinstance(example, Tensor):
            return
        network = getattr(model, "network", None) or model
        training = network.training
        network.eval()
        # A network that cannot be traced trains without a graph.
        with suppress(RuntimeError), redirect_stdout(StringIO()):
            self.experiment.add_graph(network, example.to(next(model.parameters()).device))
        network.train(training)
        self._has_graph = True

    def state(self) -> dict[str, Any]:
        """How far the events files are, as plain values for a checkpoint: the length of each."""
        self.experiment.flush()
        return {"files": {path.name: path.stat().st_size for path in self._events()}}

    def rewind(self, state: dict[str, Any]) -> None:
        """Makes the events files what they were when ``state`` was asked for; call it before anything is logged."""
        for path in self._events():
            length = state["files"].get(path.name)
            if length is None:
                path.unlink()
            elif length < path.stat().st_size:
                os.truncate(path, length)

    def _events(self) -> list[Path]:
        return sorted(self._folder.glob("events.out.tfevents.*"))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Writes out what is held; the Trainer calls this after each stage, and the next one goes on in the file."""
        self.experiment.flush()
        self.save()

    def describe(self, config: str) -> None:
        """Shows the run's config as text, once the fit has started: only then is it known which process writes."""
        self._config = config

    def _describe(self) -> None:
        """Shows the config, and train, val and test of one metric in one chart."""
        self.experiment.add_text("config", f"```yaml\n{self._config}\n```")
        self._config = ""
        charts = {name: [f"{stage}/{name}$" for stage in ("train", "val", "test")] for name in ("loss", "accuracy")}
        self.experiment.add_custom_scalars({name: {name: ["Multiline", tags]} for name, tags in charts.items()})

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
        self.experiment.flush()
        # Lightning's `log_hyperparams` would log every metric a second time.
        for summary in hparams(known, scores):  # type: ignore[no-untyped-call]
            self.experiment.file_writer.add_summary(summary)
        self.experiment.close()
