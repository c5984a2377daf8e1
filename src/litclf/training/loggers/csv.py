"""CSV logger: ``metrics.csv``, a row for each logged step, train and val beside each other."""

from __future__ import annotations

import csv
from argparse import Namespace
from collections.abc import Mapping, Set
from io import StringIO
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from litclf.models.points import Rows
from litclf.training.loggers.pace import Pace
from litclf.utilities.files import replacing


class MetricsCSV(Logger):
    """Writes ``metrics.csv``: a row for each logged step, train and val beside each other.

    Unlike Lightning's ``CSVLogger`` it goes on with a file that is there, as resuming needs, see :meth:`rewind`. The
    file on disk is whole at any time. It holds what was logged up to :meth:`write`; the Trainer asks for
    :meth:`save` after each row, which writes at its own :class:`~litclf.training.loggers.pace.Pace`.

    Args:
        folder: The run folder.

    Example:
        >>> import tempfile
        >>> logger = MetricsCSV(Path(tempfile.mkdtemp()))
        >>> logger.log_metrics({"train/loss": 0.5}, step=9)
        >>> logger.log_metrics({"val/loss": 0.25}, step=9)
        >>> logger.write()
        >>> logger.path.read_text().split()
        ['step,train/loss,val/loss', '9,0.5,0.25']
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.path = folder / "metrics.csv"
        self._columns: list[str] = ["step"]
        # The latest row, which may get further values, and before it those that are not in the file yet.
        self._rows: list[dict[str, Any]] = []
        self._rows_at = 0
        self._pace = Pace()
        # Whether the file has been looked at, has a header with all columns, and all rows.
        self._opened, self._has_header, self._is_whole = False, False, True

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
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Adds ``metrics`` to the row of ``step``."""
        self._add(metrics, step or 0)

    @rank_zero_only
    def log_rows(self, key: str, rows: Rows, epoch: int) -> None:
        """Adds a value of ``key`` at each step of ``rows``."""
        for step, value in zip(rows.steps, rows.values, strict=True):
            self._row(step).update({key: _text(value), "epoch": _text(epoch)})
        if rows.steps:
            self._know({key, "epoch"})
        self.save()

    @rank_zero_only
    def save(self) -> None:
        """Writes what waits, where it is time again."""
        if not self._is_whole and self._pace.is_due:
            self.write()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Writes what waits."""
        self.write()

    @rank_zero_only
    def write(self) -> None:
        """Writes the rows that are held behind those in the file, or the file anew where it has too few columns."""
        if self._is_whole:
            return
        with self._pace.writing():
            if self._has_header:
                self._write_behind()
            else:
                self._write_all(self._rows_before(self._rows[0]["step"]))

    def state(self) -> dict[str, Any]:
        """How far the file is, as plain values for a checkpoint: its columns, its latest row and those that wait."""
        return {"columns": list(self._columns), "rows": [dict(row) for row in self._rows]}

    def rewind(self, state: dict[str, Any]) -> None:
        """Makes the file what it was to be when ``state`` was asked for; does nothing where there is no file."""
        if not self.path.is_file() or not state["rows"]:
            return
        before = self._rows_before(state["rows"][0]["step"])
        self._columns, self._rows, self._opened = list(state["columns"]), [dict(row) for row in state["rows"]], True
        self._write_all(before)

    def _add(self, metrics: Mapping[str, float], step: int) -> None:
        self._row(step).update({key: _text(value) for key, value in metrics.items()})
        self._know(metrics.keys())

    def _row(self, step: int) -> dict[str, Any]:
        """The row of a step, which is the latest or a new one."""
        if not self._rows or step != self._rows[-1]["step"]:
            self._rows.append({"step": step})
        return self._rows[-1]

    def _know(self, names: Set[str]) -> None:
        """Has columns for what was added."""
        if not self._opened:
            self._open()
        if new := names - set(self._columns):
            self._columns += sorted(new)
            self._has_header = False
        self._is_whole = False

    def _open(self) -> None:
        """Takes the columns of a file that is there."""
        self._opened = True
        if self.path.is_file():
            with self.path.open(newline="", encoding="utf-8") as file:
                self._columns = next(csv.reader(file), self._columns)

    def _rows_before(self, step: int) -> list[dict[str, Any]]:
        """The file's rows of earlier steps; a last row that a killed run left unfinished is none."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if row["step"].isdigit() and int(row["step"]) < step]

    def _write_behind(self) -> None:
        """Writes the rows that are held behind those in the file, in place of the latest of these."""
        settled, latest = self._lines(self._rows[:-1]), self._lines(self._rows[-1:])
        with self.path.open("r+b") as file:
            file.seek(self._rows_at)
            file.write(settled + latest)
            file.truncate()
        self._written(self._rows_at + len(settled))

    def _write_all(self, before: list[dict[str, Any]]) -> None:
        """Replaces the file by a header, the rows ``before`` and those that are held, in one stroke."""
        header = dict(zip(self._columns, self._columns, strict=True))
        settled, latest = self._lines([header, *before, *self._rows[:-1]]), self._lines(self._rows[-1:])
        with replacing(self.path) as beside:
            beside.write_bytes(settled + latest)
        self._written(len(settled))

    def _lines(self, rows: list[dict[str, Any]]) -> bytes:
        text = StringIO()
        csv.writer(text).writerows([[row.get(name, "") for name in self._columns] for row in rows])
        return text.getvalue().encode()

    def _written(self, latest_at: int) -> None:
        self._rows, self._rows_at = self._rows[-1:], latest_at
        self._has_header = self._is_whole = True


def _text(value: float) -> str:
    return f"{float(value):.7g}"
