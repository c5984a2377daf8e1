"""CSV logger: ``metrics.csv``, a row for each logged step, train and val beside each other."""

from __future__ import annotations

import csv
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from litclf.utilities.files import replacing


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
        with replacing(self.path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
