"""The served page as a person meets it, in Chromium."""

import io
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from litclf import MNISTDataModule, MulticlassClassifier, fit
from litclf.inference.model import load

MNIST = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def open_page(browser):
    """Opens the page of a server; returns what finds its elements. In the end, the console must be empty."""

    def open_page(client):
        browser.get(client.url)
        return lambda selector: browser.find_element(By.CSS_SELECTOR, selector)

    yield open_page
    assert browser.get_log("browser") == []


def answered(browser, find):
    """The class on the page, once there is one."""
    return WebDriverWait(browser, 10).until(lambda _: find("#class").text.strip())


def draw(browser, canvas, points):
    """Draws a line through points, in shares of the canvas, with the mouse."""
    box = canvas.rect
    actions = ActionBuilder(browser, duration=20)
    pointer = actions.pointer_action
    for number, (x, y) in enumerate(points):
        # Offsets are from the middle of the element.
        pointer.move_to(canvas, round((x - 0.5) * box["width"]), round((y - 0.5) * box["height"]))
        if number == 0:
            pointer.pointer_down()
    pointer.pointer_up()
    actions.perform()


def bars(browser):
    lines = browser.find_elements(By.CSS_SELECTOR, "#bars li")
    return {
        line.find_element(By.TAG_NAME, "span").text: (
            float(line.find_element(By.TAG_NAME, "progress").get_attribute("value")),
            line.find_element(By.TAG_NAME, "output").text,
        )
        for line in lines
    }


LINE = [(0.5, 0.15 + 0.07 * step) for step in range(11)]
CIRCLE = [
    (0.5 + 0.22 * math.sin(turn / 20 * math.tau), 0.5 - 0.32 * math.cos(turn / 20 * math.tau)) for turn in range(21)
]


def test_a_point_is_clicked_and_a_row_is_typed(open_page, browser, serve, points):
    find = open_page(serve(points))
    plane = find("#plane")
    ActionChains(browser).move_to_element_with_offset(plane, 120, 0).click().perform()
    assert answered(browser, find) == "오른쪽 <i>&amp;"
    assert [label.text for label in browser.find_elements(By.CSS_SELECTOR, "form label span")] == [
        "가로",
        "<b>높이</b>",
    ]
    first, second = browser.find_elements(By.CSS_SELECTOR, "form input")
    row = [float(field.get_attribute("value")) for field in (first, second)]
    assert row[0] > 0.5

    first.clear()
    first.send_keys("-1.5")
    find("form button").click()
    WebDriverWait(browser, 10).until(lambda _: find("#class").text == "왼쪽")
    model = load(points)
    shares = model.probabilities(pd.DataFrame([[-1.5, row[1]]], columns=["가로", "<b>높이</b>"]))[0]
    shown = bars(browser)
    assert list(shown) == list(model.class_names)
    assert [length for length, _ in shown.values()] == pytest.approx(shares)
    assert [text for _, text in shown.values()] == [f"{100 * share:.1f} %" for share in shares]
    # The plane is coloured on both sides of the border, and differently.
    pixel = """
        const copy = new OffscreenCanvas(360, 360).getContext("2d", { willReadFrequently: true });
        copy.drawImage(document.getElementById("plane"), 0, 0);
        return [20, 340].map((x) => [...copy.getImageData(x, 20, 1, 1).data].join());
    """
    left, right = WebDriverWait(browser, 10).until(
        lambda _: [colour for colour in browser.execute_script(pixel) if colour != "0,0,0,0"]
    )
    assert left != right


def test_a_row_with_categories_and_what_is_missing(open_page, browser, serve, table):
    find = open_page(serve(table))
    size = find("form input")
    size.clear()
    size.send_keys("5")
    find("form option[value='1']").click()
    find("form button").click()
    assert answered(browser, find) == load(table).predict([{"size": 5, "colour": "red"}]).classes[0] == "2"
    size.clear()  # missing: imputed
    find("form button").click()
    expected = load(table).predict([{"size": None, "colour": "red"}])
    WebDriverWait(browser, 10).until(lambda _: find("#class").text == expected.classes[0])


def test_the_page_says_how_far_members_agree(open_page, browser, serve, members_run):
    find = open_page(serve(members_run.folder))
    for number, text in enumerate(("0.7", "0.3")):
        field = find(f"form input[name='{number}']")
        field.clear()
        field.send_keys(text)
    find("form button").click()
    said = load(members_run.folder).predict([[0.7, 0.3]])
    assert answered(browser, find) == said.classes[0]
    told = f"{4 * said.agreement[0]:.0f} of 4 members agree, probability ± {100 * said.deviation[0]:.1f} %"
    assert find("#agreement").text == told


def test_one_network_says_nothing_of_members(open_page, browser, serve, points):
    open_page(serve(points))
    assert not browser.find_elements(By.CSS_SELECTOR, "#agreement")


def test_it_fits_a_phone(open_page, browser, serve, table):
    browser.set_window_size(390, 844)
    open_page(serve(table))
    width, shown = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= shown


def test_a_digit_is_drawn_and_a_file_is_sent(open_page, browser, serve, image_run, tmp_path):
    one = sorted(Path(image_run.trainer.datamodule.hparams["path"]).glob("일*/*.png"))[0]
    find = open_page(serve(image_run.folder))
    draw(browser, find("#canvas"), LINE)
    assert answered(browser, find) == "일 <1>"
    assert not find("#seen").get_property("hidden")
    find("#clear").click()
    assert find("#class").text.strip() == ""
    draw(browser, find("#canvas"), CIRCLE)
    assert answered(browser, find) == "영 <0>"

    find("#clear").click()
    find("#file").send_keys(str(one))
    assert answered(browser, find) == "일 <1>"
    find("#clear").click()
    (tmp_path / "no.png").write_text("no image")
    find("#file").send_keys(str(tmp_path / "no.png"))
    problem = WebDriverWait(browser, 10).until(lambda _: find("#problem").text)
    assert problem.startswith("image 0: is neither a PNG nor a JPEG file")
    # Chromium itself tells of an answer that is none of success.
    assert [entry["message"].split(" - ")[-1][:60] for entry in browser.get_log("browser")] == [
        "Failed to load resource: the server responded with a status "
    ]


STROKES = {
    "zero": [CIRCLE],
    "one": [LINE],
    "three": [
        [
            (0.3, 0.2),
            (0.5, 0.13),
            (0.68, 0.22),
            (0.68, 0.36),
            (0.45, 0.47),
            (0.68, 0.58),
            (0.7, 0.72),
            (0.5, 0.86),
            (0.28, 0.78),
        ]
    ],
    "four": [[(0.35, 0.15), (0.3, 0.5), (0.72, 0.5)], [(0.65, 0.15), (0.62, 0.88)]],
    "seven": [[(0.28, 0.18), (0.72, 0.18), (0.45, 0.88)]],
}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """A run on real MNIST: two hidden layers, three passes."""
    if not (MNIST / "MNIST").is_dir():
        pytest.skip("needs MNIST in shared/data")
    data = MNISTDataModule(data_dir=str(MNIST), batch_size=128, steps_per_execution=50)
    settings = {"max_epochs": 3, "enable_progress_bar": False, "default_root_dir": tmp_path_factory.mktemp("mnist")}
    return fit(MulticlassClassifier(hidden_dims=[128], lr=0.1), data, **settings).folder


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_drawn_digits_get_their_class_of_mnist(open_page, browser, serve, mnist, dark):
    find = open_page(serve(mnist))
    if dark:
        find("#dark").click()
    for name, strokes in STROKES.items():
        find("#clear").click()
        for stroke in strokes:
            draw(browser, find("#canvas"), stroke)
        WebDriverWait(browser, 10).until(lambda _, name=name: find("#class").text == name)
    # What was sent is as MNIST's digits are: 20 pixels high, its centre of mass in the middle of 28 x 28.
    script = """
        const [image, canvas] = [document.getElementById("seen"), new OffscreenCanvas(28, 28)];
        canvas.getContext("2d").drawImage(image, 0, 0);
        return [...canvas.getContext("2d").getImageData(0, 0, 28, 28).data].filter((_, place) => place % 4 === 0);
    """
    pixels = [browser.execute_script(script)[28 * row : 28 * row + 28] for row in range(28)]
    rows = [sum(row) for row in pixels]
    columns = [sum(row[column] for row in pixels) for column in range(28)]
    assert sum(row > 0 for row in rows) == 20
    for sums in (rows, columns):
        assert sum((place + 0.5) * value for place, value in enumerate(sums)) / sum(sums) == pytest.approx(14, abs=0.5)


def test_an_array_of_two_columns_shows_the_plane_of_its_data(open_page, browser, serve, circles_run):
    client = serve(circles_run.folder)
    open_page(client)
    described = json.load(io.StringIO(browser.execute_script("return document.getElementById('model').textContent")))
    x = circles_run.trainer.datamodule.splits["train"].x
    for (low, high), column in zip(described["plane"], x.T, strict=True):
        assert low < column.min() < column.max() < high
    assert client.predictions({"row": {"x1": 0, "x2": 1}}) == client.predictions({"row": [0, 1]})
