import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager, get_data_path

from litclf.visualization.plots import fonts
from litclf.visualization.plots.canvas import new_figure, pixels
from litclf.visualization.plots.data import draw_scatter

HANGUL = ["안쪽", "바깥쪽"]


@pytest.fixture
def bare(monkeypatch):
    """A machine that has no fonts but those of matplotlib."""
    own = [entry for entry in font_manager.fontManager.ttflist if entry.fname.startswith(get_data_path())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    forget()
    yield
    forget()


@pytest.fixture
def hangul():
    """A machine with a font for Hangul."""
    forget()
    if fonts.fonts_for(HANGUL)[1] is not None:
        pytest.skip("no installed font has Hangul; fonts-nanum has one")


def forget():
    fonts._installed.cache_clear()
    fonts._say.cache_clear()


def drawn(text):
    with fonts.use_fonts([text]):
        figure, axes = new_figure(1, 1, 1, 1)
        axes[0, 0].set_axis_off()
        axes[0, 0].text(0.5, 0.5, text, fontsize=20)
    return pixels(figure)


@pytest.mark.parametrize("text", ["inner", "Größe", "внешний", "αβγ", "✓", ""])
def test_what_dejavu_has_needs_no_other_font(text, monkeypatch):
    monkeypatch.setattr(fonts, "_installed", None)  # would fail if it were asked
    assert fonts.fonts_for([text]) == (["DejaVu Sans"], None)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("text", "script", "package"),
    [
        ("안쪽", "Hangul", "fonts-nanum"),
        ("内側", "Chinese and Japanese", "fonts-noto-cjk"),
        ("カタカナ", "Chinese and Japanese", "fonts-noto-cjk"),
        ("ไทย", "Thai", "fonts-noto-core"),
        ("हिन्दी", "Devanagari", "fonts-noto-core"),
        ("🍕", "symbols", "fonts-symbola"),
    ],
)
def test_the_advice_names_the_script_and_a_font(text, script, package):
    families, advice = fonts.fonts_for(["inner", text])
    assert families == ["DejaVu Sans"]
    assert advice.startswith(f"no installed font draws {script}: install ")
    assert package in advice
    assert "\n" not in advice


@pytest.mark.usefixtures("bare")
def test_advice_is_one_line_for_several_scripts():
    advice = fonts.fonts_for(["안쪽", "ไทย"])[1]
    assert "Thai or Hangul" in advice
    assert "fonts-nanum" in advice
    assert "fonts-noto-core" in advice


@pytest.mark.usefixtures("bare")
def test_without_a_font_a_picture_is_drawn_and_advice_given_once(two_classes, capsys):
    for _ in range(2):
        pixels(draw_scatter(*two_classes, HANGUL, "학습 자료"))
    assert capsys.readouterr().err.count("install NanumGothic") == 1
    assert np.array_equal(drawn("안"), drawn("쪽")), "all are the same box"


@pytest.mark.usefixtures("hangul")
def test_hangul_is_drawn_where_a_font_has_it(two_classes, capsys, legend_texts):
    figure = draw_scatter(*two_classes, HANGUL, "학습 자료")
    pixels(figure)
    assert legend_texts(figure.axes[0].get_legend()) == HANGUL
    assert not np.array_equal(drawn("안"), drawn("쪽"))
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("hangul")
def test_a_title_is_in_fonts_of_its_own(two_classes):
    titles = [draw_scatter(*two_classes, ["a", "b"], title) for title in ("안", "쪽")]
    assert not np.array_equal(*(pixels(figure) for figure in titles))


@pytest.mark.usefixtures("hangul")
def test_fonts_installed_after_matplotlib_made_its_list_are_found(monkeypatch):
    own = [entry for entry in font_manager.fontManager.ttflist if entry.fname.startswith(get_data_path())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    forget()
    families, advice = fonts.fonts_for(HANGUL)
    assert len(families) == 2
    assert advice is None


def test_dollars_and_leading_underscores_are_letters(two_classes, legend_texts):
    names = ["from $5 to $9", "_background_"]
    figure = draw_scatter(*two_classes, names)
    assert legend_texts(figure.axes[0].get_legend()) == names
    assert not np.array_equal(drawn("$x$"), drawn("x"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand more", "two lines and more"),
        ("e\u0301", "é"),
        ("\u1112\u1161\u11ab", "한"),
        ("broken \udcff", "broken ?"),
        ("a" * 12 + "b" * 13, "a" * 11 + "…" + "b" * 12),
        ("가" * 12, "가" * 12),
        ("가" * 13, "가" * 5 + "…" + "가" * 6),
    ],
)
def test_labels_are_short_and_whole(text, shown):
    assert fonts.label(text) == shown
    drawn(shown)


def test_settings_of_matplotlib_are_left_as_they_were():
    before = matplotlib.rcParams["font.family"]
    with fonts.use_fonts(["안"]):
        pass
    assert matplotlib.rcParams["font.family"] == before
