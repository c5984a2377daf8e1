"""The page as a person meets it, in Chromium. A page takes a second to load: a test looks at all of one."""

import json
import re

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from litclf.visualization.report.page import write_report


@pytest.fixture
def open_report(browser):
    """Opens the report of a run folder; returns what finds its elements. In the end, the console must be empty."""

    def open_report(folder):
        browser.get(write_report(folder).as_uri())
        return lambda selector: browser.find_elements(By.CSS_SELECTOR, selector)

    yield open_report
    assert browser.get_log("browser") == []


def test_curves_tell_their_values_pictures_are_shown_and_a_cell_opens_its_rows(open_report, browser, row_folder):
    find = open_report(row_folder)
    assert len(find("#chart-loss .scatterlayer .trace")) == 5  # train, val, best and two baselines
    assert len(find("#chart-accuracy .scatterlayer .trace")) == 4  # train accuracy was not logged by epoch
    chart = find("#chart-loss .nsewdrag")[0]
    # Left of the middle, where the second of four epochs is the nearest.
    ActionChains(browser).scroll_to_element(chart).move_to_element_with_offset(chart, -20, 0).perform()
    hover = WebDriverWait(browser, 5).until(lambda _: find("#chart-loss .hoverlayer text"))
    values = ["train : 0.4000", "val : 0.4100", "majority class : 0.6930", "logistic regression : 0.6940"]
    assert [line.text for line in hover] == ["step 199", *values]

    assert [image.get_property("naturalWidth") for image in find("#pictures img")] == [64] * 4

    (panel,) = find("#samples")
    assert panel.text == "Choose a cell to see the samples behind it."
    (cell,) = find("#confusion [data-cell='1,0']")
    cell.click()
    assert panel.text.splitlines() == [
        "true inner, predicted outer",
        "2 of 5, with the probability of outer",
        "sample probability width height",
        "17 87.5 % 0.25 -1.5",
        "23 not a number 0.25 -1.5",
    ]
    assert cell.get_attribute("aria-pressed") == "true"
    find("#confusion [data-cell='0,0']")[0].click()
    assert panel.text.startswith("true outer, predicted outer\n1 of 98")
    assert cell.get_attribute("aria-pressed") == "false"


def test_a_cell_opens_its_images_under_names_that_look_like_markup_also_on_a_phone(open_report, browser, image_folder):
    names = json.loads((image_folder / "metrics.json").read_text())["facts"]["class_names"]
    browser.set_window_size(390, 844)
    find = open_report(image_folder)
    width, shown = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= shown
    find("#confusion [data-cell='0,1']")[0].click()
    assert find("#samples h3")[0].text == f"true {names[0]}, predicted {names[1]}"
    find("#confusion [data-cell='1,1']")[0].click()
    assert [image.get_property("naturalWidth") for image in find("#samples img")] == [8, 8]
    assert [caption.text for caption in find("#samples figcaption")] == ["sample 0\n75.0 %", "sample 2\n75.0 %"]


LIT = """
    const lines = document.getElementById('chart-accuracy').data.filter(({meta}) => meta?.touched);
    return lines.map(({visible, x, y}) => visible ? [x, y] : null);
"""


def test_a_members_line_lights_up_when_its_row_is_touched_or_has_the_focus(open_report, browser, member_folder):
    find = open_report(member_folder)
    assert len(find("#chart-accuracy .scatterlayer .trace")) == 4  # members, two bands and the mean
    assert len(find("#chart-members .barlayer .point")) >= 2
    assert browser.execute_script(LIT) == [None]
    first, second, third = find("[data-member]")
    ActionChains(browser).move_to_element(first).perform()
    assert browser.execute_script(LIT) == [[[99, 199, 299], [0.5, 0.75, 1.0]]]
    ActionChains(browser).move_to_element(third).perform()
    assert browser.execute_script(LIT) == [[[99, 199, 299], [0.25, 0.5, None]]]
    ActionChains(browser).move_to_element(find("h1")[0]).perform()
    assert browser.execute_script(LIT) == [None]
    browser.execute_script("arguments[0].querySelector('button').focus()", second)
    assert browser.execute_script(LIT) == [[[99, 199, 299], [0.5, 0.5, 0.75]]]
    assert len(find("#chart-accuracy .scatterlayer .trace")) == 5
    assert find("#lit")[0].text == "Lit: the member of seed 43."
    browser.switch_to.active_element.send_keys(Keys.ENTER)  # chosen, it stays lit
    browser.execute_script("document.activeElement.blur()")
    assert browser.execute_script(LIT) == [[[99, 199, 299], [0.5, 0.5, 0.75]]]
    assert second.find_element(By.TAG_NAME, "button").get_attribute("aria-pressed") == "true"


def test_members_are_sorted_by_a_column_and_those_without_a_value_come_last(open_report, member_folder):
    find = open_report(member_folder)
    head = next(button for button in find("#members [data-sort]") if button.text == "accuracy")
    seeds = lambda: [row.get_attribute("data-member") for row in find("[data-member]")]  # noqa: E731
    head.click()
    assert seeds() == ["1", "0", "2"]
    head.click()
    assert seeds() == ["0", "1", "2"]
    find("[data-member] button")[1].click()
    assert find("#lit")[0].text == "Lit: the member of seed 43."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_but_scrolled_tables_reaches_over_the_edge(
    open_report, browser, member_folder, fold_folder, scheme
):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme_of = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_of)
    try:
        find = open_report(member_folder)
        within = "return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().right)"
        for selector in ("section", ".chart .main-svg", "#results td", "#results th"):
            edges = browser.execute_script(within, selector)
            assert edges
            assert max(edges) <= 390, selector
        shades = "const own = getComputedStyle(document.body); return [own.color, own.backgroundColor]"
        ink, paper = (sum(map(int, re.findall(r"\d+", shade)[:3])) for shade in browser.execute_script(shades))
        assert (ink > paper) == (scheme == "dark")
        (text,) = find("#chart-accuracy .xtitle")
        assert text.value_of_css_property("fill") == browser.execute_script(shades)[0]
        look = (
            "const own = document.querySelector('#members .wide'), first = [...own.querySelectorAll('th:first-child')];"
            "return [own.classList.contains('more'), own.scrollWidth - own.clientWidth, "
            "...first.map((cell) => cell.getBoundingClientRect().x)]"
        )
        fades, beyond, *columns = browser.execute_script(look)
        assert fades
        assert beyond > 0
        browser.execute_script("document.querySelector('#members .wide').scrollLeft = 9999")
        WebDriverWait(browser, 10).until(lambda _: not browser.execute_script(look)[0])
        assert browser.execute_script(look)[2:] == columns  # seeds, their head and their foot stay where they are
        open_report(fold_folder)
        for selector in ("section", ".chart .main-svg", ".wide"):
            assert max(browser.execute_script(within, selector)) <= 390, selector
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_folds_are_sorted_light_up_and_open_their_rows_under_names_that_look_like_markup(
    open_report, browser, fold_folder
):
    find = open_report(fold_folder)
    cat, dog = json.loads((fold_folder / "metrics.json").read_text())["facts"]["class_names"]
    column = lambda name, place: [row.text for row in find(f"[aria-label='{name}'] tbody tr > :nth-child({place})")]  # noqa: E731

    def sort(name, title):
        next(button for button in find(f"[aria-label='{name}'] [data-sort]") if button.text == title).click()

    for _ in range(2):
        sort("Folds", "accuracy")
    assert column("Folds", 1) == ["1.2", "1.1", "1.3"]
    assert column("Classes", 1) == [cat, dog], "other tables stay as they are"
    sort("Classes", "class")
    up = column("Classes", 1)
    sort("Classes", "class")
    assert column("Classes", 1) == up[::-1]
    assert column("Slices", 1) == ["<b>색</b>", "class"]
    sort("Slices", "value")
    sort("Slices", "rows")
    assert column("Slices", 3) == ["5", "6"]
    assert column("Doubtful labels", 7) == ["<i>빨강</i>", ""]
    ActionChains(browser).move_to_element(find("[data-member]")[0]).perform()
    assert find("#lit")[0].text == "Lit: fold 2 of repeat 1."
    assert browser.execute_script(LIT) == [[[9, 19, 29], [0, 0.25, 0.5]]]
    find("#confusion [data-cell='0,1']")[0].click()
    opened = find("#samples")[0].text.splitlines()
    assert opened[0] == f"true {cat}, predicted {dog}"
    assert opened[-2:] == ["a.csv line 3 90.0 %", "a.csv line 6 80.0 %"]
    assert [label.text for label in find("#chart-importance .ytick text")] == ["크기 <b>", "noise"]
    assert len(find("#chart-calibration .errorbar")) == 6
    assert len(find("#chart-learning-curve .errorbar")) == 2
    edges = browser.execute_script("return [...document.querySelectorAll('.main-svg')].map(e => e.clientHeight)")
    assert min(edges) > 100


def test_an_empty_run_is_no_broken_page(open_report, make_run):
    find = open_report(make_run())
    assert [head.text for head in find("h2")] == ["Results", "Curves", "This run"]
