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
    found = scan(tmp_path)
    assert found.class_names == ("car", "plane", "train")
    assert list(found.files) == ["train"]
    (note,) = found.notes
    assert "train is a class, as it lies among others" in note


def test_classes_are_in_the_order_of_numbers_where_they_are_numbers(tmp_path):
    touch(tmp_path, *(f"{name}/1.png" for name in ("10", "9", "01", "1")))
    found = scan(tmp_path)
    assert found.class_names == ("01", "1", "9", "10")
    assert [path.parent.name for path in found.files["train"].paths] == ["01", "1", "9", "10"]
    touch(tmp_path, "ten/1.png")
    assert scan(tmp_path).class_names == ("01", "1", "10", "9", "ten")


def test_classes_that_are_hardly_told_apart_are_said_and_spaces_do_not_matter(tmp_path):
    touch(tmp_path, "train/Cat/1.png", "train/cat/1.png", "train/red\u00a0fox /1.png", "test/red fox/1.png")
    found = scan(tmp_path)
    assert found.class_names == ("Cat", "cat", "red fox")
    assert found.files["test"].targets == [2]
    assert found.notes == [
        "classes Cat and cat look alike, and are not the same",
        "test has no image of class Cat, cat",
    ]


def test_an_unknown_class_is_told_by_the_nearest_and_never_by_thousands(tmp_path):
    touch(
        tmp_path, *(f"train/red fox {number}/1.png" for number in range(300)), "test/bird/1.png", "test/Red Fox 7/1.png"
    )
    first, second = scan(tmp_path).problems
    assert first.fix.startswith("is it red fox 7? rename it")
    assert len(second.fix) < 350
    assert second.fix.startswith("name it as one of those of train: red fox 0, ")


def test_the_only_folder_is_proposed_where_it_holds_the_classes(tmp_path):
    touch(tmp_path, "pets-main/cat/1.png", "pets-main/dog/1.png")
    (problem,) = scan(tmp_path).problems
    assert problem.fix.startswith(f"pass the folder {tmp_path}/pets-main if the classes are cat, dog")
    assert scan(tmp_path / "pets-main").class_names == ("cat", "dog")


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
        (["1.png", "2.png"], [("no class", ".")]),
        (["cat/1.png", "dog/1.png", "stray.jpg"], [("no class", "stray.jpg")]),
        (["train/a/1.png", "train/b/1.png", "train/2.png", "test/a/1.png"], [("no class", "train/2.png")]),
        (["cat/1.png", "dog/notes.txt"], [("empty class", "dog")]),
        (["cat/1.png", "cat/2.png", "other/cat/1.png", "dog/1.png", "3.png"], [("no class", "3.png")]),
        (["train/1.png", "test/1.png"], [("no class", "train")]),
        (["train/images/1.png", "val/images/1.png"], [("no class", "train/images")]),
        (["train/a/1.png", "train/b/1.png", "test/1.png"], [("no class", "test")]),
        (["cat/1.png", "dog/1.png", "test/1.png"], [("no train", ".")]),
        (["test/a/1.png", "test/b/1.png", "val/a/1.png", "val/b/1.png"], [("no train", ".")]),
        (["car/1.png", "train/1.png"], [("no class", "train")]),
        (["car/1.png", "bus/1.png", "train/1.png", "test/1.png"], [("no class", "train")]),
        (["a_train/1.png", "a_test/1.png", "b_train/1.png", "b_test/1.png"], [("two splits", "b_train")]),
        (["images/1.png", "masks/1.png"], [("no class", ".")]),
        (["fold_1/a/1.png", "fold_1/b/1.png", "fold_2/a/1.png", "fold_2/b/1.png"], [("no class", "fold_1")]),
        (["a/train/1.png", "a/test/1.png", "b/1.png"], [("unknown split", "b")]),
        (
            [*(f"{c}/{s}/x/1.png" for c in "ab" for s in ("train", "test"))],
            [("unknown split", "a/test"), ("unknown split", "b/test")],
        ),
        (["train/a/1.png", "train/b/1.png", "test/c/1.png"], [("unknown class", "test/c")]),
        (["train/a/1.png", "train/b/1.png", "extra/a/1.png"], [("unknown split", "extra")]),
        (["train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"], [("two splits", "valid")]),
    ],
)
def test_what_is_wrong_is_found_with_its_place(names, expected, tmp_path):
    touch(tmp_path, *names)
    assert found_problems(tmp_path) == expected


def test_a_split_may_lack_a_class_or_all_and_says_so_while_training_may_not(tmp_path):
    touch(tmp_path, "train/a/1.png", "train/b/1.png", "test/b/1.png")
    for name in ("test/a", "val"):
        (tmp_path / name).mkdir(parents=True)
    found = scan(tmp_path)
    assert not found.problems
    assert {split: files.targets for split, files in found.files.items()} == {"train": [0, 1], "val": [], "test": [1]}
    assert found.notes == [
        "val holds no images: remove its folder, and some of train are drawn for it",
        "test has no image of class a",
    ]
    (tmp_path / "train/c").mkdir()
    assert found_problems(tmp_path) == [("empty class", "train/c")]


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
