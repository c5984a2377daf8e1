"""What a run with pictures leaves behind."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from selenium.webdriver.common.by import By
from sklearn.metrics import confusion_matrix
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import litclf
from litclf.data.base import ClassificationDataModule, Split
from litclf.training.callbacks.boundary import DecisionBoundary
from litclf.training.callbacks.gallery import pictures_for

CIRCLES = {"boundary", "confusion_matrix", "curves", "data", "gradients", "reliability", "roc"}


class Squares(ClassificationDataModule):
    """Grey images, dark and bright ones, not quite apart."""

    input_shape = (1, 6, 6)
    class_names = ("어두움", "<b>bright</b>")

    def __init__(self):
        super().__init__(16, repeat=2, steps_per_execution=8, seed=0)

    def load(self):
        generator = torch.Generator().manual_seed(0)
        y = torch.arange(240) % 2
        x = (torch.rand(240, 1, 6, 6, generator=generator) * 200 + 12 * y[:, None, None, None]).to(torch.uint8)
        return {"train": Split(x[:160], y[:160]), "val": Split(x[160:200], y[160:200]), "test": Split(x[200:], y[200:])}

    def prepare(self, x):
        return x.float() / 255


def pictures_in(folder):
    return {path.stem for path in folder.glob("*.png")}


@pytest.fixture(scope="module")
def circles(tmp_path_factory):
    """A run of circles with pictures, 400 steps."""
    data = litclf.CirclesDataModule(batch_size=None, repeat=200, steps_per_execution=200)
    model = litclf.BinaryClassifier(hidden_dims=[10, 10], lr=0.5)
    root = tmp_path_factory.mktemp("pictures")
    args = {"max_epochs": 2, "default_root_dir": str(root), "enable_progress_bar": False}
    return litclf.fit(model, data, name="circles", pictures=True, **args), data


def test_a_fit_in_the_plane_draws_all_that_fits_it(circles):
    folder = circles[0].folder
    assert pictures_in(folder) == CIRCLES
    assert {"boundary.gif", "confusion_matrix.csv", "report.html", "samples.json"} <= {p.name for p in folder.iterdir()}


def test_the_film_has_a_frame_for_each_twentieth_and_one_before(circles):
    with Image.open(circles[0].folder / "boundary.gif") as film:
        assert film.n_frames == 21


def test_tensorboard_has_the_film_and_the_pictures(circles):
    events = EventAccumulator(str(circles[0].folder), size_guidance={"images": 0}).Reload()
    assert {f"pictures/{name}" for name in CIRCLES} == set(events.Tags()["images"])
    film = events.Images("pictures/boundary")
    assert [image.step for image in film] == [0, *range(19, 400, 20)]
    assert "pr_curves" in {metadata.plugin_data.plugin_name for metadata in events.summary_metadata.values()}


def test_the_facts_are_those_of_the_test(circles):
    result, data = circles
    facts = json.loads((result.folder / "metrics.json").read_text())["facts"]
    x, y = data.splits["test"]
    predicted = (result.model(x) > 0).long()
    assert facts["confusion"] == confusion_matrix(y, predicted).tolist()
    assert [facts[f"num_{split}"] for split in ("train", "val", "test")] == [800, 100, 100]
    assert facts["class_names"] == ["outer", "inner"]
    assert facts["initial_loss"] == pytest.approx(np.log(2), abs=0.1)
    assert set(facts["baselines"]) == {"majority class", "logistic regression"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A run on images whose class names hold Korean and HTML."""
    args = {"max_epochs": 2, "default_root_dir": str(tmp_path_factory.mktemp("이미지")), "enable_progress_bar": False}
    return litclf.fit(litclf.BinaryClassifier(hidden_dims=[8], engine="eager"), Squares(), pictures=True, **args)


def test_a_fit_on_images_shows_predictions_and_the_worst_errors(images):
    assert pictures_in(images.folder) == CIRCLES - {"boundary", "data"} | {"predictions", "worst"}


def test_the_report_shows_korean_and_html_as_text(images):
    page = (images.folder / "report.html").read_text(encoding="utf-8")
    assert "어두움" in page
    assert "<b>bright</b>" not in page
    assert "&lt;b&gt;bright&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("run", "picture", "behind"),
    [
        ("circles", "boundary", "tbody tr"),
        pytest.param("images", "one test image of each class", "figure img", marks=pytest.mark.slow),
    ],
)
def test_a_browser_shows_the_report_of_a_run(run, picture, behind, browser, request):
    made = request.getfixturevalue(run)
    result = made[0] if run == "circles" else made
    browser.get((result.folder / "report.html").as_uri())
    find = partial(browser.find_elements, By.CSS_SELECTOR)
    assert find("#chart-loss .scatterlayer .trace")
    assert find("#chart-accuracy .scatterlayer .trace")
    shown = {image.get_attribute("alt"): image.get_property("naturalWidth") for image in find("#pictures img")}
    assert shown
    assert all(width > 50 for width in shown.values())
    assert any(picture in alt.lower() for alt in shown), shown
    counts = np.array(result.metrics["facts"]["confusion"])
    true, predicted = np.argwhere(counts > 0)[0]
    find(f"#confusion [data-cell='{true},{predicted}']")[0].click()
    assert len(find(f"#samples {behind}")) == min(12, counts[true, predicted])
    assert browser.get_log("browser") == []


@pytest.mark.slow  # twenty frames and a report
def test_the_restored_image_is_drawn(tmp_path):
    data = litclf.RestorationDataModule(size=16, repeat=20, steps_per_execution=20)
    args = {"max_epochs": 1, "default_root_dir": str(tmp_path), "enable_progress_bar": False}
    result = litclf.fit(litclf.ImageRestoration(), data, pictures=True, **args)
    assert pictures_in(result.folder) == {"curves", "restoration"}
    assert (result.folder / "report.html").is_file()


def test_a_callback_that_is_given_is_not_doubled():
    data, given = litclf.CirclesDataModule(), DecisionBoundary(every_n_train_steps=7)
    assert not any(isinstance(own, DecisionBoundary) for own in pictures_for(litclf.BinaryClassifier(), data, [given]))
