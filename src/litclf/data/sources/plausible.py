"""Plausible words: how likely it is that bytes were meant as words of an encoding, told by their letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

_HANJA = "[\u3400-\u9fff\uf900-\ufaff]"
_HANGUL = "[\uac00-\ud7a3]"
_CJK = f"(?:{_HANJA}|{_HANGUL})"
_BESIDE_LATIN = re.compile(f"[A-Za-z]{_CJK}|{_CJK}[A-Za-z]")
_NEVER_KOREAN = re.compile(f"[A-Za-z]{_HANJA}|{_HANJA}[A-Za-z]|[A-Za-z]{_CJK}+[A-Za-z]")
_NEVER_HAN = re.compile(f"[A-Za-z]{_HANJA}+[A-Za-z]")

_SIGN = r"[^\x00-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e]"
"""What is beyond ASCII in Windows-1252 and no letter."""
_NEVER_WESTERN = re.compile(f"{_SIGN}[^\\x00-\\x7f]|[^\\x00-\\x7f]{_SIGN}")
_MARKS = "\u201c\u201d\u201e\u2018\u2019\u201a\u2013\u2014\u2026\u00ab\u00bb\u20ac\u2116\u00b0"
"""Marks that stand before, after and between words."""
_ODD_SIGNS = re.compile(
    "[A-Za-z][\u00b9\u00b3\u00bf\u00a3\u00a5][a-z]|[\u00a4\u00a6\u00a8\u00ac\u00af\u00b8\u0192\u02c6\u02dc]"
)
"""Signs of Windows-1252 where Windows-1250 has letters, and those that no word needs."""

_KANA = "[\u3041-\u30ff]"
_FREQUENT = frozenset(
    "가각간갈감갑강개객거건걸검게겨격견결경계고곡곤골공과관광교구국군굴권귀규균그극근글금급기긴길김까꽃끝나난날남납"
    "내너널네녀년념노녹논농높누눈뉴는능니닐다단달담답당대더덕데도독돈동두드득든들등디따때떨또라락란람랑래량러럭런럼"
    "레려력련렬령례로록론료루류륙률르른를름리린림립마막만말망맞매맥머먹면명모목몰무문물미민밀및바박반발밤방배백버번"
    "벌범법변별병보복본볼봉부북분불붉비빈빙빨사산살삼상새색생서석선설성세소속손송쇄수숙순술스습승시식신실심십싱쌀씨"
    "아악안알암압앙애액야약양어억언얼업에여역연열염영예오옥온올와완외요용우운울원월위유육율은을음응의이인일임입있자"
    "작잔잠장재저적전절점접정제조족존종좌주죽준중즉증지직진질집차착찬참창채책처천철청체초촌총최추축출충취측층치칙칠"
    "침카커컴코콘크클타탁탄탈탕태택터테토통퇴투트특티파판팔패퍼편평폐포폭표품풍프피필하학한할함합항해행향허험혁현혈"
    "협형호혼홍화확환활황회획횟효후훈휴흑흐희히"
)
"""Hangul syllables that most Korean words have one of; random ones are rarely among them."""
_LETTERS_OF_OTHERS = re.compile(f"{_KANA}|[\u0400-\u045f]")
_JAMO = re.compile("[\u3131-\u318e]")

_LEAST, _RARE, _FOREIGN = 0.1, 0.2, 0.25
"""What a plausible word costs where fewer tables are of its encoding, so that it must be likelier."""


def odd_in_korean(text: str) -> float:
    """How unlikely a word of CP949 is: 0 not at all, 2 very.

    Example:
        >>> odd_in_korean("서울"), odd_in_korean("大韓民國"), odd_in_korean("Gr秤e")
        (0.0, 0.5, 2.0)
    """
    if _NEVER_KOREAN.search(text):
        return 2.0
    hangul, hanja = re.findall(_HANGUL, text), re.findall(_HANJA, text)
    if hangul and not any(map(_is_usual, hangul)):
        return 1.5
    odd = _BESIDE_LATIN.search(text) or (hangul and hanja) or _LETTERS_OF_OTHERS.search(text)
    if odd or hanja or _JAMO.search(text):
        return 1.0 if odd else 0.5
    return 0.3 * (1 - len(_FREQUENT.intersection(hangul)) / len(set(hangul))) if hangul else 0.0


def _is_usual(letter: str) -> bool:
    """Whether a Hangul syllable is among the 2350 of KS X 1001, which are nearly all that Korean text needs."""
    return len(letter.encode("euc_kr")) == 2  # others are spelt out there, in eight bytes


def odd_in_western(text: str) -> float:
    """How unlikely a word of Windows-1252 is.

    Example:
        >>> odd_in_western("Größe"), odd_in_western("Ìîñêâà"), odd_in_western("Z³oty")
        (0.0, 2.0, 1.0)
    """
    text = text.strip(_MARKS)
    words = [part for part in re.findall(r"[^\W\d_]+", text) if not part.isascii()]
    if _NEVER_WESTERN.search(text):
        return 2.0
    capitals = all(part[1:] == part[1:].lower() or part == part.upper() for part in words)
    odd = 1.0 if _ODD_SIGNS.search(text) or not capitals else 0.0
    return max(odd, *(_accents(word, most=2) for word in words), 0.0)


def odd_in_central(text: str) -> float:
    """How unlikely a word of Windows-1250 is, which has most letters of Windows-1252, and more of them in a row."""
    text = text.strip(_MARKS)
    if re.search(r"[^\x00-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]", text):
        return 2.0
    accents = (_accents(word, most=3) for word in re.findall(r"[^\W\d_]+", text))
    return _LEAST + max(odd_in_western(re.sub("[\u0100-\u017f]", "a", text)), *accents, 0.0)


def _accents(word: str, most: int) -> float:
    """How unlikely a word with so many letters with accents is, where ``most`` may stand in a row."""
    if re.fullmatch(r"[^\x00-\x7f]{3,}", word) or re.search(rf"[^\x00-\x7f]{{{most + 1}}}", word):
        return 2.0
    return 0.5 if re.fullmatch(r"[^\x00-\x7f]{2}", word) else 0.0


def _odd_in_alphabet(letters: str, frequent: str, least: float) -> Callable[[str], float]:
    """The same for an alphabet with capitals: a word is all of it, capitals come first or throughout."""
    own, frequent = re.compile(f"{letters}+"), frequent + frequent.upper()

    def odd(text: str) -> float:
        words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
        rest = re.sub(r"[^\W\d_]|[\x00-\x7f\u2013\u2014\u2019]", "", text.strip(_MARKS))
        if not words or rest or not all(own.fullmatch(word) and _has_one_case(word) for word in words):
            return 2.0
        joined = "".join(words)
        capitals = 0.08 if len(joined) > 1 and joined == joined.upper() else 0.0
        return least + capitals + 0.2 * (1 - sum(letter in frequent for letter in joined) / len(joined))

    return odd


def _has_one_case(word: str) -> bool:
    return word in (word.lower(), word.upper(), word.capitalize())


def _odd_in_han(common: Callable[[bytes], bool], encoding: str) -> Callable[[str], float]:
    """The same for Chinese characters, of which ``common`` knows those that are used most by their place in it."""

    def odd(text: str) -> float:
        letters = [letter for letter in text if not letter.isascii()]
        if _NEVER_HAN.search(text) or not any(re.match(f"{_HANJA}|{_KANA}", letter) for letter in letters):
            return 2.0
        beside = 1.0 if re.search(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]", text) else 0.0
        return _FOREIGN + beside + sum(not common(letter.encode(encoding)) for letter in letters) / len(letters)

    return odd


class Candidate(NamedTuple):
    """An encoding that text without a mark may have.

    Attributes:
        encoding: Its name in Python.
        label: Its usual name.
        odd: How unlikely a decoded word is: 0 not at all, 2 very.
    """

    encoding: str
    label: str
    odd: Callable[[str], float]

    def cost(self, words: Iterable[bytes]) -> float:
        """How unlikely words are, all in all; those that cannot be decoded are very unlikely."""
        return sum(map(self._odd, words))

    def _odd(self, word: bytes) -> float:
        try:
            return self.odd(word.decode(self.encoding))
        except UnicodeDecodeError:
            return 2.0


def _simplified(code: bytes) -> bool:
    """GB 2312 has its 3755 most usual characters in front, by sound, beside signs and other alphabets."""
    return len(code) == 2 and (code[0] in (0xA1, 0xA3) or 0xB0 <= code[0] <= 0xD7) and code[1] >= 0xA1


def _traditional(code: bytes) -> bool:
    """Big5 has its 5401 most usual characters in front, by strokes, and signs before them."""
    return len(code) == 2 and code <= b"\xc6\x7e"


def _japanese(code: bytes) -> bool:
    """JIS X 0208 has its 2965 most usual characters in front, by sound, and kana before them."""
    return len(code) == 2 and code[0] <= 0x98


_CYRILLIC = "[\u0400-\u045f\u0490\u0491]"

CANDIDATES = (
    Candidate("utf-8", "UTF-8", lambda _: 0.0),
    Candidate("cp949", "CP949", odd_in_korean),
    Candidate("cp1252", "Windows-1252", odd_in_western),
    Candidate("cp1251", "Windows-1251", _odd_in_alphabet(_CYRILLIC, "оеаинтсрвл", _LEAST)),
    Candidate("gbk", "GBK", _odd_in_han(_simplified, "gbk")),
    Candidate("cp932", "Shift-JIS", _odd_in_han(_japanese, "cp932")),
    Candidate("cp950", "Big5", _odd_in_han(_traditional, "cp950")),
    Candidate("cp1250", "Windows-1250", odd_in_central),
    Candidate("cp1253", "Windows-1253", _odd_in_alphabet("[\u0386-\u03ce]", "αοιετσνηυρ", _RARE)),
    Candidate("koi8-r", "KOI8-R", _odd_in_alphabet(_CYRILLIC, "оеаинтсрвл", _RARE)),
    Candidate("cp866", "CP866", _odd_in_alphabet(_CYRILLIC, "оеаинтсрвл", _RARE)),
)
"""Encodings that text without a mark may have; of equally likely ones the first is meant."""

_PLAUSIBLE = 1.0
"""What a word may cost on average where an encoding is meant."""


def likeliest(words: list[bytes]) -> list[Candidate]:
    """The candidates that words are plausible in, the likeliest first.

    Args:
        words: Different words with bytes beyond ASCII.

    Example:
        >>> [one.label for one in likeliest(["Größe".encode("cp1252"), "für".encode("cp1252")])]
        ['Windows-1252', 'Windows-1250']
        >>> [likeliest([word.encode(name)])[0].label for word, name in [("Москва", "cp1251"), ("上海", "gbk")]]
        ['Windows-1251', 'GBK']
    """
    costs = {one: one.cost(words) for one in CANDIDATES}
    return sorted((one for one in costs if costs[one] <= _PLAUSIBLE * len(words)), key=costs.__getitem__)
