"""Split names: the usual names of training, validation and test data, in any case and spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORDS = {
    "train": (
        *("train", "training", "trn", "학습", "훈련", "训练", "訓練", "學習", "学習"),
        *("entrenamiento", "entraînement", "entrainement", "apprentissage", "treino", "treinamento", "addestramento"),
        *("lernen", "trening", "træning", "träning", "opplæring", "eğitim", "обучение", "обучающая", "тренировочная"),
    ),
    "val": (
        *("val", "valid", "validation", "dev", "vld", "검증", "验证", "驗證", "検証"),
        *("validación", "validacion", "validação", "validacao", "validierung", "validazione", "validatie", "walidacja"),
        *("doğrulama", "валидация", "валидационная", "проверочная"),
    ),
    "test": (
        *("test", "testing", "tst", "eval", "evaluation", "holdout", "시험", "테스트", "평가", "测试", "測試"),
        *("テスト", "prueba", "pruebas", "teste", "testen", "тест", "тестовая", "тестирование"),
    ),
}
"""Words for each split; the long English ones are those of Hugging Face's datasets."""

_SPLITS = {word: split for split, words in _WORDS.items() for word in words}

_FILLER = (
    "(?:data|dataset|sets?|seg|splits?|images?|imgs?|pictures?|pics?|photos?|jpe?g|png|samples?|"
    "데이터|이미지|사진|集|用|数据|數據|データ|画像|图像|выборка|данные)"
)
"""Words that say nothing about what images show."""

_NAMED = re.compile(f"{_FILLER}*({'|'.join(sorted(_SPLITS, key=len, reverse=True))}){_FILLER}*")
_PLACE = re.compile(f"{_FILLER}+")
_UNLABELED = re.compile(f"{_FILLER}*(?:pred|predict|predictions?|unlabell?ed|inference){_FILLER}*")
_NO_CLASS = re.compile(f"{_FILLER}+|(?:{_FILLER}*(?:masks?|labels?|annotations?|ground_?truth|gt|labeltxt){_FILLER}*)")
_PART = re.compile("k?folds?|cv|parts?|batch(?:es)?|chunks?|shards?")


def split_named(name: str) -> str | None:
    """The split that a name stands for by itself: ``train``, ``val`` or ``test``; None for other names.

    Case, digits, and words such as ``data``, ``set`` and ``images`` do not matter.

    Example:
        >>> [split_named(name) for name in ("Training", "test_set", "seg_train", "val2017", "train_station")]
        ['train', 'test', 'train', 'val', None]
    """
    named = _NAMED.fullmatch(_letters(name))
    return _SPLITS[named[1]] if named else None


def splits_among(names: Iterable[str]) -> dict[str, str]:
    """Those of some names that stand for splits, and for which: by themselves, or as others do.

    Example:
        >>> splits_among(["flowers_train", "flowers_test", "train_station", "old"])
        {'flowers_train': 'train', 'flowers_test': 'test'}
    """
    names = list(names)
    plain = {name: split for name in names if (split := split_named(name))}
    common: dict[str, dict[str, str]] = {}
    for name in names:
        words = re.findall(r"[^\W\d_]+", _folded(name))
        for place, others in ((0, words[1:]), (-1, words[:-1])):
            if others and words[place] in _SPLITS and name not in plain:
                common.setdefault(" ".join(others), {})[name] = _SPLITS[words[place]]
    found = dict(plain)
    for group in common.values():
        if len({*group.values(), *plain.values()}) > 1:
            found |= group
    return {name: found[name] for name in names if name in found}


def split_within(name: str) -> str | None:
    """The split whose word a name begins or ends with, with one letter more where the word is short; None for others.

    It is for folders all of which are so: by itself ``contest`` stands for no test.

    Example:
        >>> [split_within(name) for name in ("trainA", "mytest", "valA", "devil")]
        ['train', 'test', 'val', None]
    """
    letters = _letters(name)
    words = [
        word
        for word in _SPLITS
        if (letters.startswith(word) or letters.endswith(word)) and (len(word) > 3 or len(letters) <= len(word) + 1)
    ]
    return _SPLITS[max(words, key=len)] if words else None


def says_nothing(name: str) -> bool:
    """Whether a folder of this name only holds what another would hold without it, such as ``images``."""
    return bool(_PLACE.fullmatch(_letters(name)))


def is_unlabeled(name: str) -> bool:
    """Whether a folder beside splits holds images without classes by its name, such as ``seg_pred``."""
    return bool(_UNLABELED.fullmatch(_letters(name)))


def is_no_class(name: str) -> bool:
    """Whether a name is one of what lies beside images, such as ``masks``, or of images as such."""
    return bool(_NO_CLASS.fullmatch(_letters(name)))


def is_part(name: str) -> bool:
    """Whether a name counts parts of a dataset, such as ``fold_3``."""
    return bool(_PART.fullmatch(_letters(name)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _letters(name: str) -> str:
    return re.sub(r"[\W\d_]+", "", _folded(name))
