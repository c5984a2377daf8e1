"""The report of a run: one HTML file that works offline, made from the files of the run's folder alone.

Nothing of PyTorch, Lightning or matplotlib is loaded, so that a report is quick to write and can be written again later
for any run.
"""

from litclf.report.page import main, write_report

__all__ = ["main", "write_report"]
