"""Notebooks: nothing that they once printed is in the repository, and they run as they stand there."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_outputs(path):
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert [(cell["outputs"], cell["execution_count"]) for cell in cells] == [([], None)] * len(cells)


@pytest.mark.slow  # each in a kernel of its own, which loads PyTorch
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_made(path, tmp_path, monkeypatch):
    pytest.importorskip("nbclient", reason="needs nbclient and ipykernel, of the extra `test`")
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.chdir(tmp_path)
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in book.cells if cell["cell_type"] == "code" for output in cell["outputs"]]
    shown = [output["data"] for output in outputs if "data" in output]
    cards = [data["text/html"] for data in shown if "RunResult" in data.get("text/plain", "")]
    assert cards
    assert all("<table>" in card and 'alt="curves"' in card for card in cards)
    printed = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    assert "Warning" not in printed
    assert not re.search("^epoch", printed, re.MULTILINE)
    bars = [data["text/plain"] for data in shown if data.get("text/plain", "").startswith("epoch ")]
    assert bars
    assert all("100%" in bar and "\r" not in bar for bar in bars)
