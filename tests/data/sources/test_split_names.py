import pytest

from litclf.data.sources.split_names import split_named, splits_among

SPELLINGS = {
    "train": [
        "train",
        "TRAIN",
        "Training",
        "training_set",
        "TrainSet",
        "train-images",
        "seg_train",
        "train2017",
        "01_train",
        "trn",
        "Entrenamiento",
        "entraînement",
        "训练",
        "训练集",
        "学習用",
        "Обучение",
        "обучающая выборка",
        "eğitim",
        "Opplæring",
        "addestramento",
    ],
    "val": [
        "val",
        "Valid",
        "VALIDATION",
        "validation_set",
        "dev",
        "val2017",
        "검증",
        "validación",
        "validacao",
        "验证集",
        "Валидация",
    ],
    "test": [
        "test",
        "Testing",
        "TestSet",
        "test_images",
        "seg_test",
        "test data",
        "eval",
        "테스트",
        "tst",
        "pruebas",
        "测试",
        "测试集",
        "テスト用",
        "Тест",
        "holdout",
        "Testen",
    ],
}
NO_SPLITS = (
    "train_station",
    "crash test",
    "test_tube",
    "valid ticket",
    "trains",
    "attest",
    "device",
    "cat",
    "images",
    "2017",
)


@pytest.mark.parametrize("split", SPELLINGS)
def test_usual_spellings_stand_for_their_split(split):
    assert {name: split_named(name) for name in SPELLINGS[split]} == dict.fromkeys(SPELLINGS[split], split)


@pytest.mark.parametrize("name", NO_SPLITS)
def test_names_of_classes_stand_for_none(name):
    assert split_named(name) is None
    assert splits_among([name, "cat", "dog"]) == {}


def test_a_name_of_the_dataset_around_is_told_by_what_folders_have_in_common():
    assert splits_among(["asl_alphabet_train", "asl_alphabet_test", "README"]) == {
        "asl_alphabet_train": "train",
        "asl_alphabet_test": "test",
    }
    assert splits_among(["train", "pets test"]) == {"train": "train", "pets test": "test"}
    assert splits_among(["pets train", "birds test"]) == {}  # nothing in common
    assert splits_among(["crash_test", "driving_test"]) == {}  # in common, but of one split
