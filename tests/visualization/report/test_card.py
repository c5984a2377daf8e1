"""The card of a run in a notebook: its table against its metrics, its pictures, and names that look like markup."""

import base64
import io
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from litclf import CirclesDataModule, RunResult, TableDataModule, fit, load
from litclf.models.binary import BinaryClassifier
from litclf.runs.history import History
from litclf.training.callbacks.progress import BarProgress, PlainProgress
from litclf.training.trainer import trainer_defaults
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.statistics import wilson
from litclf.visualization.report.card import card, results


class Page(HTMLParser):
    """The cells, the pictures, the links and the tags of a card."""

    def __init__(self, shown):
        super().__init__()
        self.cells, self.pictures, self.links, self.tags, self._open = [], {}, [], set(), []
        self.feed(shown)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")
        if tag == "img":
            kind, _, content = given["src"].partition(",")
            assert kind == "data:image/png;base64"
            self.pictures[given["alt"]] = Image.open(io.BytesIO(base64.b64decode(content)))
        if tag == "a":
            self.links.append(given["href"])

    def handle_data(self, data):
        if self.cells and self.get_starttag_text().startswith(("<td", "<th")):
            self.cells[-1] += data


def test_the_card_of_a_fit_has_its_metrics_its_curves_its_border_and_the_link_to_its_report(circles_run, copy_run):
    page = Page(circles_run._repr_html_())
    metrics = circles_run.metrics
    assert page.cells[:3] == ["", "loss", "accuracy"]
    low, high = wilson(metrics["test/accuracy"], metrics["facts"]["num_test"])
    assert f"{metrics['test/accuracy']:.4f} ({low:.3f} to {high:.3f})" in page.cells
    assert f"{metrics['val/loss']:.4f}" in page.cells
    assert page.pictures.keys() == {"curves", "border between classes"}
    assert all(np.ptp(np.asarray(picture.convert("L"))) > 100 for picture in page.pictures.values())
    assert (page.links, page.tags & {"script", "style", "link"}) == ([], set())
    folder = copy_run(circles_run)
    (folder / "report.html").write_text("")
    moved = RunResult(folder, metrics, circles_run.model, circles_run.trainer)
    assert Page(moved._repr_html_()).links == [os.path.relpath(folder / "report.html")]


def test_a_loaded_model_shows_what_its_run_has_measured(circles_run, blobs_run, copy_run):
    page = Page(load(circles_run.folder)._repr_html_())
    assert f"{circles_run.metrics['val/loss']:.4f}" in page.cells
    assert page.pictures.keys() == {"curves", "border between classes"}  # drawn now, from its data
    folder = copy_run(circles_run)
    Image.new("RGB", (7, 5)).save(folder / "boundary.png")  # as the run has drawn it
    assert Page(load(folder)._repr_html_()).pictures["border between classes"].size == (7, 5)
    of_three_numbers = Page(load(blobs_run.folder)._repr_html_())
    assert of_three_numbers.pictures.keys() == {"curves"}


def test_no_border_is_drawn_where_the_rows_are_not_there_any_more(tmp_path):
    rows = np.random.default_rng(0).normal(size=(1100, 2))
    data = TableDataModule(rows, rows[:, 0] + rows[:, 1] > 0, batch_size=None)
    result = fit(BinaryClassifier(), data, max_epochs=1, enable_progress_bar=False, default_root_dir=tmp_path)
    assert "border between classes" in Page(result._repr_html_()).pictures
    assert Page(load(result.folder)._repr_html_()).pictures.keys() == {"curves"}


def test_results_of_members_are_means_with_their_intervals(members_run):
    header, *rows = results(History(members_run.metrics, members_run.metrics["facts"], []))
    own = members_run.metrics["members"]["metrics"]["test/accuracy"]
    cell = f"{own['mean']:.4f} ({own['low']:.3f} to {own['high']:.3f})"
    assert dict(zip(header, rows[-1], strict=True))["accuracy"] == cell
    assert cell in repr(members_run)


@pytest.mark.parametrize("name", ["circles_run", "blobs_run", "members_run", "table_run", "image_run"])
def test_results_and_models_are_told_in_one_line(name, request):
    result = request.getfixturevalue(name)
    for shown, kind in ((repr(result), "RunResult"), (repr(load(result.folder)), "LoadedModel")):
        assert re.fullmatch(rf"{kind}\(.*\)", shown)
        assert str(result.folder) in shown
        assert len(shown) - len(str(result.folder)) < 160


def test_what_is_not_kept_is_told_too():
    result = RunResult(None, {"train/loss": 0.5, "global_step": 3, "fit_seconds": 0.5}, BinaryClassifier(), None)
    assert repr(result) == "RunResult(nothing kept: train/loss 0.5000, 3 steps in 0.50 s)"


def test_names_that_look_like_markup_are_text():
    page = Page(card("<script>1</script>", {"<b>": "<i>"}, History({}, {}, [])))
    assert not page.tags & {"script", "i"}


def test_one_member_is_named(members_run):
    assert "member 1" in repr(load(members_run.folder, member=1))
    assert "members 4" in repr(load(members_run.folder))


@pytest.mark.parametrize(("module", "kind"), [("ipykernel.iostream", BarProgress), ("_io", PlainProgress)])
def test_a_notebook_has_a_bar_in_place_of_a_line_an_epoch(module, kind, monkeypatch):
    stream = type("OutStream", (io.StringIO,), {"__module__": module})()
    monkeypatch.setattr("sys.stdout", stream)
    assert any(type(one) is kind for one in trainer_defaults({}, DataSpec.of(CirclesDataModule()), None)["callbacks"])
