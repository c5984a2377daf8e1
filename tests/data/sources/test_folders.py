import unicodedata
from collections import Counter

import pytest
from sklearn.model_selection import train_test_split
from torchvision.datasets import ImageFolder

from litclf.data.sources.folders import Files, ImageFolders, scan, split_files
from litclf.utilities.errors import InputError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found_problems(root):
    return [(problem.kind, str(problem.path.relative_to(root))) for problem in scan(root).problems]


def test_files_and_classes_are_those_of_torchvision(tmp_path):
    touch(
        tmp_path,
        "개/1.png",
        "개/deep/er/2.JPG",
        "cat/10.webp",
        "cat/2.bmp",
        "cat/.hidden.png",
        "cat/Thumbs.db",
        "b/1.pgm",
    )
    found, theirs = scan(tmp_path), ImageFolder(str(tmp_path), is_valid_file=lambda p: "/." not in p and ".db" not in p)
    assert not found.problems
    assert list(found.class_names) == theirs.classes == ["b", "cat", "개"]
    assert {*zip(map(str, found.files["train"].paths), found.files["train"].targets, strict=True)} == {*theirs.samples}


def test_split_folders_are_taken_whatever_validation_is_called(tmp_path):
    for name in ("val", "valid", "validation"):
        root = tmp_path / name
        touch(root, "train/a/1.png", "train/b/1.png", f"{name}/b/2.png", "test/a/3.png", "test/b/3.png", "README.md")
        found = scan(root)
        assert not found.problems
        assert {split: files.targets for split, files in found.files.items()} == {
            "train": [0, 1],
            "val": [1],
            "test": [0, 1],
        }


def test_a_class_may_be_called_train(tmp_path):
    touch(tmp_path, "train/1.png", "car/1.png", "plane/1.png")
    assert scan(tmp_path).class_names == ("car", "plane", "train")
    assert list(scan(tmp_path).files) == ["train"]


def test_korean_names_taken_apart_by_macos_are_put_together(tmp_path):
    apart, whole = unicodedata.normalize("NFD", "고양이"), "고양이"
    touch(tmp_path, f"train/{apart}/1.png", "train/개/1.png", f"test/{whole}/1.png")
    found = scan(tmp_path)
    assert found.class_names == ("개", "고양이")
    assert not found.problems
    assert found.files["test"].targets == [1]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["cat/1.png"], [("one class", ".")]),
        ([], [("one class", ".")]),
        (["1.png", "2.png"], [("no class", "1.png"), ("no class", "2.png"), ("one class", ".")]),
        (["cat/1.png", "dog/1.png", "stray.jpg"], [("no class", "stray.jpg")]),
        (["train/a/1.png", "train/b/1.png", "train/2.png", "test/a/1.png"], [("no class", "train/2.png")]),
        (["cat/1.png", "dog/notes.txt"], [("no image", "dog/notes.txt"), ("empty class", "dog")]),
        (["cat/1.png", "dog/1.gif", "dog/2.png"], [("no image", "dog/1.gif")]),
        (["train/a/1.png", "train/b/1.png", "test/c/1.png"], [("unknown class", "test/c")]),
        (["train/a/1.png", "train/b/1.png", "extra/a/1.png"], [("unknown split", "extra")]),
        (["train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"], [("two splits", "valid")]),
    ],
)
def test_what_is_wrong_is_found_with_its_place(names, expected, tmp_path):
    touch(tmp_path, *names)
    assert found_problems(tmp_path) == expected


def test_empty_class_folder_is_found_in_every_split(tmp_path):
    touch(tmp_path, "train/a/1.png", "train/b/1.png")
    (tmp_path / "test" / "a").mkdir(parents=True)
    assert found_problems(tmp_path) == [("empty class", "test/a")]


def test_no_folder_is_found(tmp_path):
    touch(tmp_path, "photos.zip")
    assert [problem.rule for problem in scan(tmp_path / "none").problems] == ["does not exist"]
    assert [problem.rule for problem in scan(tmp_path / "photos.zip").problems] == ["is a file, not a folder"]


def make_found(counts, **others):
    names = tuple("abcdefgh"[: len(counts)])
    targets = [number for number, count in enumerate(counts) for _ in range(count)]
    return ImageFolders(names, {"train": Files([f"{row}.png" for row in range(len(targets))], targets), **others})


def test_carved_splits_are_whole_disjoint_and_keep_the_shares():
    found = make_found([60, 30, 10])
    splits = split_files(found, val_size=0.1, test_size=0.2, seed=3)
    assert {name: Counter(files.targets) for name, files in splits.items()} == {
        "train": {0: 42, 1: 21, 2: 7},
        "val": {0: 6, 1: 3, 2: 1},
        "test": {0: 12, 1: 6, 2: 2},
    }
    assert sorted(path for files in splits.values() for path in files.paths) == sorted(found.files["train"].paths)
    assert splits == split_files(found, 0.1, 0.2, 3) != split_files(found, 0.1, 0.2, 4)


def test_test_split_is_that_of_scikit_learn_whatever_the_validation():
    found = make_found([40, 40])
    paths, targets = found.files["train"]
    _, expected = train_test_split(paths, test_size=16, stratify=targets, random_state=5)
    for val_size in (0, 0.1, 0.3):
        assert split_files(found, val_size, 0.2, 5)["test"].paths == expected


def test_splits_with_a_folder_are_left_as_they_are():
    test = Files(["x.png"], [1])
    splits = split_files(make_found([10, 10], test=test), 0.2, 0.5, 0)
    assert splits["test"] is test
    assert (len(splits["train"].paths), len(splits["val"].paths)) == (16, 4)


def test_no_shares_train_on_everything_in_order():
    found = make_found([3, 1])
    assert split_files(found, 0, 0, 0) == {"train": found.files["train"], "val": Files([], []), "test": Files([], [])}


@pytest.mark.parametrize(
    ("counts", "val_size", "test_size", "message"),
    [
        ([20, 1], 0.2, 0.2, "test_size: .* class b "),
        ([20, 2], 0.2, 0.3, "val_size: .* class b "),
        ([10, 10], 0.1, 0.05, "test_size: must leave every split an? .* of each of 2 classes, got 0.05"),
        ([10, 10], 0.6, 0.4, "val_size: must leave every split an? .* of each of 2 classes, got 0.6"),
    ],
)
def test_shares_that_leave_too_little_are_refused(counts, val_size, test_size, message):
    with pytest.raises(InputError, match=f"^{message}"):
        split_files(make_found(counts), val_size, test_size, 0)
