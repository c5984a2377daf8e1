import codecs

import pytest

from litclf import InputError
from litclf.data.sources import encoding as module
from litclf.data.sources.plausible import CANDIDATES
from litclf.data.sources.reading import TableReader

WESTERN = [
    *("Größe", "Ärzte", "naïve", "café", "5 µm", "(°C)", "a\u2013b", "SITUAÇÃO", "MAÇÃ", "São Paulo", "½ kg"),
    *(
        "KundenGröße",
        "GrößeMax",
        "ÜBERGRÖSSE",
        "¿Qué?",
        "\u201cÄrzte\u201d",
        "Nº",
        "m²",
        "±5",
        "à",
        "É",
        "créée",
        "18 ½",
    ),
]
KOREAN = [
    *(
        "서울",
        "남",
        "여",
        "A형",
        "AB형",
        "kg당",
        "cm이하",
        "LG전자",
        "e편한세상",
        "서울A동",
        "펲시",
        "똠방각하",
        "BMW코리아",
    ),
    *("大韓民國", "Rh+A형", "T셔츠", "X선", "1번", "양성", "악성"),
]
TABLES = {
    "cp1251": "да|нет|хорошо плохо|Красный Синий|Отдел «Ромашка»|Київ Львів|Санкт-Петербург" + "|Москва".upper(),
    "gbk": "中文|上海 中文 是|红色 蓝色 绿色|男 女 性别 类别 年龄|张三 李四 广东省|良性 恶性 鸢尾花",
    "cp932": "東京 表示|はい いいえ|りんご バナナ|赤 青 緑 性別|山田太郎 神奈川県",
    "cp950": "臺北 中文 類別|紅色 藍色 綠色|男 女 性別 蘋果|良性 惡性 張三",
    "cp1250": "Łódź|Złoty|tak nie Żółty|mężczyzna kobieta|žluťoučký kůň",
    "cp1253": "Αθήνα|Θεσσαλονίκη|άνδρας γυναίκα",
    "koi8-r": "Москва|Красный Синий|Да Нет",
    "cp866": "Москва|да нет|хорошо плохо",
}
NAMES = {one.encoding: one.label for one in CANDIDATES}


def table(tmp_path, content, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("word", "encoding"), [*((word, "cp1252") for word in WESTERN), *((word, "cp949") for word in KOREAN)]
)
def test_a_word_is_read_as_it_was_written_and_told(word, encoding, tmp_path):
    path = table(tmp_path, f"x,kind\n1,{word}\n2,b\n", encoding)
    reader = TableReader(path)
    assert reader.read()["kind"].tolist() == [word, "b"]
    (note,) = reader.notes
    assert note.startswith(f"{path} is not UTF-8 and was read as {NAMES[encoding]}, such as ")
    assert any(part in note for part in word.split())
    assert "; where that is not what it says, pass another, such as --data.encoding " in note


@pytest.mark.parametrize(("encoding", "words"), [(name, text) for name in TABLES for text in TABLES[name].split("|")])
def test_tables_of_other_languages_are_read_by_the_letters_they_hold(encoding, words, tmp_path):
    words = words.split()
    reader = TableReader(table(tmp_path, "x,kind\n" + "".join(f"1,{word}\n" for word in words), encoding))
    assert reader.read()["kind"].tolist() == words
    assert f"was read as {NAMES[encoding]}, such as " in reader.notes[0]


@pytest.mark.parametrize(
    ("word", "encoding", "hint"),
    [
        ("女", "cp932", "--data.encoding cp932 for '女'"),
        ("Příbram", "cp1250", "--data.encoding cp1250 for 'Příbram'"),
        ("Größe", "cp1252", "--data.encoding cp1250"),
    ],
)
def test_what_may_be_meant_otherwise_is_told_with_what_it_would_read(word, encoding, hint, tmp_path):
    (note,) = TableReader(table(tmp_path, f"x,kind\n1,{word}\n2,b\n", encoding)).notes
    assert note.endswith(f"; where that is not what it says, pass another, such as {hint}")


def test_a_damaged_word_does_not_change_all_others(tmp_path):
    path = table(tmp_path, "x,kind\n" + "1,Größe\n2,süß\n3,Höhe\n4,Mär\n", "utf-8")
    path.write_bytes(path.read_bytes() + b"5,M\xe4rz\n")
    with pytest.raises(InputError, match="line 6 must be text in UTF-8 as the rest is, got other bytes"):
        TableReader(path)


def test_most_words_count(tmp_path):
    """One odd word does not make a Korean table a Western one, nor the other way round."""
    words = "\n".join(["1,뷁", *(f"1,{word}" for word in ("서울", "부산", "대구"))])
    assert TableReader(table(tmp_path, f"x,kind\n{words}\n", "cp949")).read()["kind"].tolist()[:2] == ["뷁", "서울"]
    words = "\n".join(["1,ÄÖ", *(f"1,{word}" for word in ("Größe", "Höhe"))])
    assert TableReader(table(tmp_path, f"x,kind\n{words}\n", "cp1252")).read()["kind"].tolist()[0] == "ÄÖ"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, 2 * codecs.BOM_UTF8])
def test_marks_are_taken_off_and_nothing_is_said(mark, tmp_path):
    (tmp_path / "a.csv").write_bytes(mark + b"a,b\n1,2\n")
    reader = TableReader(tmp_path / "a.csv")
    assert (reader.read().to_dict("list"), reader.notes) == ({"a": ["1"], "b": ["2"]}, ())


@pytest.mark.parametrize(("encoding", "name"), [("utf-16", "UTF-16"), ("utf-32", "UTF-32")])
def test_wide_text_with_a_mark_is_read_and_told(encoding, name, tmp_path):
    reader = TableReader(table(tmp_path, "이름\tb\n가\t2\n", encoding))
    assert reader.read().to_dict("list") == {"이름": ["가"], "b": ["2"]}
    assert reader.notes[0].endswith(f"is not UTF-8 and was read as {name}, such as '이름'")


@pytest.mark.parametrize("encoding", ["cp1251", "gbk", "shift_jis", "latin-1", "utf-16-le", "UTF-8"])
def test_an_encoding_that_is_given_is_taken_without_a_word(encoding, tmp_path):
    word = {"cp1251": "да", "gbk": "中文", "shift_jis": "表示"}.get(encoding, "a")
    reader = TableReader(table(tmp_path, f"x;kind\n1,5;{word}\n", encoding), encoding)
    assert (reader.read().to_dict("list"), reader.notes) == ({"x": ["1.5"], "kind": [word]}, ())


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("cp1253x", "encoding: must be an encoding of text, got 'cp1253x'; fix: did you mean cp125"),
        ("base64", "encoding: must be an encoding of text, got 'base64'"),
        ("ascii", "line 2 must be text in ascii, got other bytes; fix: .*--data.encoding"),
    ],
)
def test_an_encoding_that_does_not_fit_is_refused(encoding, message, tmp_path):
    with pytest.raises(InputError, match=message):
        TableReader(table(tmp_path, "x,kind\n1,é\n", "utf-8"), encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_text_without_a_mark_is_told_what_to_pass(encoding, tmp_path):
    with pytest.raises(InputError, match=f"zero bytes; fix: it looks like UTF-16: pass --data.encoding {encoding}"):
        TableReader(table(tmp_path, "x,kind\n1,a\n", encoding))


def test_words_beyond_the_first_blocks_are_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 64)
    path = table(tmp_path, "x,kind\n" + "1,서울\n" * 200, "cp949")
    assert {word.decode("cp949") for word in module._words(path)} == {"서울"}
    assert set(TableReader(path).read()["kind"]) == {"서울"}
