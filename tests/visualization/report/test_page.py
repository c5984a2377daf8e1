"""The page as text; what a browser makes of it is tested in test_browser.py."""

import json
from html.parser import HTMLParser

import pytest

from litclf.cli.report import main
from litclf.utilities.errors import InputError
from litclf.visualization.report.page import write_report


class Page(HTMLParser):
    """Elements in their order, with their attributes, and the text that stands directly or anywhere within."""

    VOID = ("meta", "img", "br")
    APART = ("td", "th", "dd", "dt", "small", "br")

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)
        assert self._open == [], "an element is left open"

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag in self.APART:
            self.handle_data(" ")
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def all(self, tag, **attributes):
        found = [element for element in self.elements if element["tag"] == tag]
        return [element for element in found if attributes.items() <= element.items()]

    def text(self, name):
        """Text of the element whose id is ``name``, with single spaces; None where there is none."""
        found = [" ".join(element["text"].split()) for element in self.elements if element.get("id") == name]
        return found[0] if found else None

    def json(self, name):
        (element,) = self.all("script", type="application/json", id=name)
        return json.loads(element["text"])


@pytest.fixture
def read():
    return lambda folder: Page(write_report(folder).read_text(encoding="utf-8"))


def test_it_says_what_was_run(read, row_folder):
    page = read(row_folder)
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("meta", charset="utf-8")
    assert page.all("title")[0]["text"] == "circles, version_0"
    about = dict(zip([e["text"] for e in page.all("dt")], [e["text"] for e in page.all("dd")], strict=True))
    assert about == {
        "Run folder": "logs/circles/version_0",
        "Started": "2026-01-02 03:04",
        "Length": "400 optimizer steps in 0.46 s",
        "Engine": "kernel",
        "Hardware": "A processor, 2 CPUs",
        "Samples": "800 train, 100 validation, 200 test",
        "Classes": "2: outer, inner",
        "Learning rate": "0.1",
        "Seed": "42",
        "Versions": "litclf 0.1.0, torch 2.14.1",
    }
    assert page.all("pre")[0]["text"] == "model: BinaryClassifier\n"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (
            {"temperature": 1.25, "threshold": 0.5, "rule": "0.5", "ece_before": 0.1, "ece_after": 0.02, "note": ""}
            | {"test_ece_before": 0.12, "test_ece_after": 0.03},
            "temperature 1.25; error val 0.1000 -> 0.0200, test 0.1200 -> 0.0300",
        ),
        (
            {"temperature": 1.0, "threshold": 0.3, "rule": "f1", "ece_before": None, "note": "left at 1: few samples"},
            "threshold 0.3 by f1; left at 1: few samples",
        ),
    ],
    ids=["temperature", "threshold"],
)
def test_it_says_how_probabilities_were_calibrated(read, make_run, chosen, words):
    page = read(make_run(metrics={"seed": 1, "calibration": chosen}))
    assert page.text("about") == f"Run folder logs/circles/version_0 Calibration {words} Seed 1"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4567, "0.457 s"), (59.9, "59.9 s"), (192, "3 min 12 s"), (7384.2, "2 h 3 min")]
)
def test_its_length_is_told_as_people_do(read, make_run, seconds, words):
    page = read(make_run(metrics={"global_step": 7, "fit_seconds": seconds}))
    assert page.text("about") == f"Run folder logs/circles/version_0 Length 7 optimizer steps in {words}"


BASELINES = {"majority class": {"accuracy": 0.5}, "logistic regression": {"accuracy": 0.48}}
COUNTS = {"num_val": 100, "num_test": 200}
BESIDE = "on validation: majority class 50.0 %, logistic regression 48.0 %"


@pytest.mark.parametrize(
    ("metrics", "headline"),
    [
        # The intervals are statsmodels' proportion_confint(193, 200, method="wilson") and (90, 100).
        (
            {"val/accuracy": 0.9, "test/accuracy": 0.965, "facts": COUNTS | {"baselines": BASELINES}},
            f"96.5 % test accuracy (95 % interval 93.0 % to 98.3 %) {BESIDE}",
        ),
        (
            {"val/accuracy": 0.9, "facts": COUNTS},
            "90.0 % validation accuracy (95 % interval 82.6 % to 94.5 %)",
        ),
        (
            {"test/accuracy": 0.9, "members": {"seeds": [1, 2]}, "facts": COUNTS | {"baselines": BASELINES}},
            f"90.0 % test accuracy, mean of 2 members {BESIDE}",
        ),
        ({"test/loss": 0.9}, None),
        ({"test/accuracy": 96.0}, None),  # somebody's own, in percent
    ],
    ids=["test", "validation", "members", "none", "percent"],
)
def test_the_headline_is_the_accuracy_that_counts(read, make_run, metrics, headline):
    assert read(make_run(metrics=metrics)).text("headline") == headline


def test_results_are_of_the_best_checkpoint_where_it_is_known(read, make_run):
    metrics = {"train/loss": 0.1, "val/loss": 0.9, "test/loss": 0.4, "best": {"step": 20, "score": 0.3}}
    rows = [
        {"step": step, "epoch": epoch, "train/loss": 1 / step, "val/loss": loss, "train/loss_step": 7.0}
        for epoch, (step, loss) in enumerate([(9, 0.5), (19, 0.3), (29, 0.9)])
    ]
    page = read(make_run(metrics=metrics, rows=rows))
    shown = [" ".join(row["text"].split()) for row in page.all("tr")]
    assert shown[1:4] == ["train 0.0526", "validation 0.3000", "test 0.4000"]
    assert "Of the best checkpoint." in page.text("results")
    unknown = read(make_run("logs/circles/version_1", metrics=metrics | {"best": {}}, rows=rows))
    assert "Train and validation after the last epoch" in unknown.text("results")


def test_results_hold_intervals_of_validation_and_test(read, row_folder):
    rows = [" ".join(row["text"].split()) for row in read(row_folder).all("tr")]
    # statsmodels' proportion_confint(95, 100, method="wilson") and (193, 200)
    assert rows[:6] == [
        "loss accuracy",
        "train 0.2000 0.9600",
        "validation 0.2500 0.9500 0.8882 to 0.9785",
        "test 0.2600 0.9650 0.9295 to 0.9829",
        "majority class 0.6930 0.5200",
        "logistic regression 0.6940 0.5000",
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(1e-5, "1e-05"), (0.0, "0.0000"), (float("nan"), "nan"), (12.3456789, "12.3457")]
)
def test_results_can_be_read_whatever_their_size(read, make_run, value, shown):
    assert f"test {shown} Train" in read(make_run(metrics={"test/loss": value})).text("results")


def test_it_needs_nothing_from_outside(read, row_folder):
    page = read(row_folder)
    for element in page.elements:
        assert element["tag"] not in ("link", "iframe", "object")
        assert "href" not in element
        assert element.get("src", "data:").startswith("data:")
    assert page.all("meta", content="width=device-width, initial-scale=1")
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'")
    assert page.all("script")[2]["text"].lstrip().startswith("/**\n* plotly.js")


def test_names_paths_and_settings_that_look_like_markup_are_text(read, image_folder):
    page = read(image_folder)
    names = json.loads((image_folder / "metrics.json").read_text())["facts"]["class_names"]
    assert page.text("about").endswith(f"Classes 3: {', '.join(names)}")
    assert page.all("h1")[0]["text"].split() == ["<i>숫자<i>", "version_3"]
    assert page.all("pre")[0]["text"] == "name: <script>alert('설정')</script>\n"
    assert [head["text"] for head in page.all("th", scope="row") if "title" in head] == names
    assert f"true {names[0]}, predicted {names[1]} (75.0 %)" in page.text("worst")
    assert page.all("button")[0]["aria-label"] == f"1 samples of {names[0]} predicted as {names[1]}"
    assert page.json("samples-data")["names"] == names
    assert len(page.all("script")) == 4
    assert page.all("i") == []


def test_the_samples_of_each_cell_travel_with_the_page(read, row_folder):
    samples = json.loads((row_folder / "samples.json").read_text())
    page = read(row_folder)
    assert page.json("samples-data")["cells"] == samples["cells"]
    assert [button["data-cell"] for button in page.all("button") if "data-cell" in button] == ["0,0", "1,0"]


def test_without_samples_the_matrix_is_there_but_opens_nothing(read, row_folder):
    (row_folder / "samples.json").unlink()
    page = read(row_folder)
    assert page.text("confusion") == "predicted true outer inner outer 98 98.0 % 2 2.0 % inner 5 5.0 % 95 95.0 %"
    assert not [button for button in page.all("button") if "data-cell" in button]
    assert page.text("samples") == "No samples were kept to be shown."
    assert page.text("worst") is None


def test_of_many_classes_the_pairs_are_listed_beside_the_picture(read, make_run):
    counts = [[10 * (i == j) for j in range(21)] for i in range(21)]
    counts[4][9] = 10
    facts = {"confusion": counts, "class_names": [f"class {n}" for n in range(21)]}
    sample = {"index": 1, "target": 4, "predicted": 9, "probability": 0.9, "loss": 2.0, "values": [1.0]}
    samples = {"kind": "row", "columns": ["x"], "cells": {"4,9": [sample]}, "worst": []}
    page = read(make_run(metrics={"facts": facts}, samples=samples, pictures=["confusion_matrix.png"]))
    assert page.text("confusion") == "true predicted samples of the class class 4 class 9 10 50.0 %"
    assert [button["data-cell"] for button in page.all("button") if "data-cell" in button] == ["4,9"]
    assert len(page.all("img")) == 1
    assert "21: class 0, " in page.text("about")
    assert page.text("about").endswith("class 19 and 1 more")


def test_pictures_stand_with_words_and_none_twice(read, row_folder):
    page = read(row_folder)
    titles = [image["alt"].split()[0] for image in page.all("img")]
    assert titles == ["Scatter", "Map", "Film", "Accuracy"]  # curves and matrix are better drawn by the page itself
    assert [image["src"].split(";")[0] for image in page.all("img")][1:3] == ["data:image/png", "data:image/gif"]
    for name in ("metrics.csv", "metrics.json"):
        (row_folder / name).unlink()
    assert len(read(row_folder).all("img")) == 6


def test_worst_errors_of_images_replace_their_picture(read, image_folder):
    sources = [image["src"] for image in read(image_folder).all("img")]
    assert len(sources) == 2  # the one worst error, and predictions.png
    (image_folder / "samples.json").unlink()
    assert len(read(image_folder).all("img")) == 2  # predictions.png and worst.png


def test_an_empty_run_says_what_is_missing(read, make_run):
    page = read(make_run())
    assert (
        page.text("results")
        == "Results No results: the folder has no metrics.json, which is written when a fit has ended."
    )
    assert page.text("curves") == "Curves No curves: the folder has no metrics.csv with losses or accuracies."
    assert [page.text(name) for name in ("reading", "confusion", "samples", "worst", "pictures", "config")] == [
        None
    ] * 6


def test_a_diverged_run_has_a_page_that_a_browser_can_read(read, make_run):
    nan = float("nan")
    sample = {"index": 1, "target": 0, "predicted": 0, "probability": nan, "loss": nan, "values": [nan]}
    folder = make_run(
        metrics={"train/loss": nan, "test/accuracy": nan, "facts": {"num_test": 9, "initial_loss": nan}},
        rows=[{"step": 0, "train/loss": "nan"}],
        samples={"kind": "row", "columns": ["x"], "cells": {"0,0": [sample]}, "worst": [sample]},
    )
    page = read(folder)
    assert "not a finite number from step 0" in page.text("reading")
    assert page.json("figures-data")[0]["data"][0]["y"] == [None]
    assert page.json("samples-data")["cells"]["0,0"][0]["values"] == [None]


def test_the_command_writes_the_reports_of_all_runs(row_folder, capsys):
    assert main([str(row_folder), str(row_folder.parent)]) == 0
    assert capsys.readouterr().out == f"written     {row_folder / 'report.html'}\n" * 2


@pytest.mark.parametrize("args", [[], ["--open"], ["nowhere"]])
def test_the_command_refuses_what_is_no_run_before_it_writes(row_folder, args):
    with pytest.raises(InputError):
        main([str(row_folder), *args] if args else [])
    assert not (row_folder / "report.html").exists()
