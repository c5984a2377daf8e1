"""Folders of images in many layouts and spellings: what is listed is what the plain layout lists, or it is refused."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litclf.data.sources.folders import ImageFolders, scan

SPLITS = ("train", "val", "test")


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listed(found: ImageFolders) -> dict[str, list[tuple[str, str]]]:
    """The class and the name of each image, by split."""
    return {
        split: sorted((found.class_names[target], path.name) for path, target in zip(*files, strict=True))
        for split, files in found.files.items()
    }


@pytest.mark.parametrize(
    ("train", "test", "notes"),
    [
        ("train", "test", []),
        ("Training", "Testing", ["splits: train is Training, test is Testing"]),
        ("TRAIN", "TEST", ["splits: train is TRAIN, test is TEST"]),
        ("train", "Test", ["splits: train is train, test is Test"]),
        ("seg_train/seg_train", "seg_test/seg_test", ["splits: train is seg_train, test is seg_test"]),
        ("training_set/training_set", "test_set/test_set", ["splits: train is training_set, test is test_set"]),
        ("train/images", "test/images", []),
        ("pets_train/pets_train", "pets_test", ["splits: train is pets_train, test is pets_test"]),
        ("images/train", "images/test", ["the images are those below {root}/images"]),
        ("pets-main/train", "pets-main/test", ["the images are those below {root}/pets-main"]),
    ],
)
def test_splits_are_taken_in_their_usual_spellings_and_said(train, test, notes, tmp_path):
    touch(tmp_path, *(f"{train}/{name}/{name}1.png" for name in ("cat", "dog")), f"{test}/dog/dog2.png")
    found = scan(tmp_path)
    assert not found.problems
    assert listed(found) == {"train": [("cat", "cat1.png"), ("dog", "dog1.png")], "test": [("dog", "dog2.png")]}
    expected = [*(note.format(root=tmp_path) for note in notes), "test has no image of class cat"]
    assert found.notes == expected


def test_splits_below_classes_are_splits(tmp_path):
    touch(tmp_path, *(f"{name}/{split}/{name}{split}.png" for name in ("cat", "dog") for split in ("Train", "Test")))
    found = scan(tmp_path)
    assert not found.problems
    assert listed(found) == {
        "train": [("cat", "catTrain.png"), ("dog", "dogTrain.png")],
        "test": [("cat", "catTest.png"), ("dog", "dogTest.png")],
    }
    assert found.notes == ["splits lie below the classes: Test, Train"]


def test_classes_with_the_same_folders_below_them_are_said(tmp_path):
    touch(tmp_path, *(f"{name}/{where}/1.png" for name in ("day", "night") for where in ("cat", "dog")))
    found = scan(tmp_path)
    assert found.class_names == ("day", "night")
    [note] = found.notes
    assert note.startswith("the classes are day, night, each with the folders cat, dog below it; ")
    assert note.endswith("where day, night are splits, and cat, dog the classes, call them train, val and test")


@pytest.mark.parametrize(("train", "test"), [("trainA", "testA"), ("mytrain", "mytest"), ("trainX", "holdoutX")])
def test_folders_that_are_alike_are_splits_by_the_word_within_their_names(train, test, tmp_path):
    touch(tmp_path, *(f"{split}/{name}/1.png" for split in (train, test) for name in ("cat", "dog")))
    found = scan(tmp_path)
    assert (found.class_names, found.notes) == (("cat", "dog"), [f"splits: train is {train}, test is {test}"])
    assert found.files["test"].targets == [0, 1]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("trainA/cat", "trainA/dog", "trainB/cat", "trainB/dog", "testA/cat", "testA/dog"), "both for training"),
        (("testA/cat", "testA/dog", "valA/cat", "valA/dog"), "has no folder for training beside testA, valA"),
        (("trainA", "trainB", "testA", "testB"), "which are splits by their names, and no class folders in them"),
    ],
)
def test_splits_are_never_classes(names, told, tmp_path):
    touch(tmp_path, *(f"{name}/{number}.png" for name in names for number in range(3)))
    assert told in " ".join(problem.rule for problem in scan(tmp_path).problems)


def test_what_lies_beside_splits_without_classes_is_passed_over_and_said(tmp_path):
    touch(tmp_path, "train/cat/1.png", "train/dog/1.png", "code/fit.py", "seg_pred/seg_pred/1.png")
    found = scan(tmp_path)
    assert not found.problems
    assert found.notes == [
        f"passed over {tmp_path}/code, which holds no images",
        f"passed over {tmp_path}/seg_pred, which holds no classes by its name",
        "passed over 1 file that is no image by its name (1 .py)",
    ]


def test_images_without_class_folders_are_told_where_to_go(tmp_path):
    touch(tmp_path, *(f"{split}/{row}.png" for split in ("train", "val", "test") for row in range(3)))
    (problem,) = scan(tmp_path).problems
    train = tmp_path / "train"
    assert (problem.path, problem.rule) == (train, "holds 3 images but no class folders")
    assert problem.fix.startswith(f"sort them into folders such as {train}/cat and {train}/dog")


SPELLED = {
    "train": st.sampled_from(["train", "Train", "TRAINING", "training_set", "seg_train", "train_images", "pets-train"]),
    "val": st.sampled_from(["val", "VAL", "valid", "Validation", "val_set", "dev", "pets-val"]),
    "test": st.sampled_from(["test", "Test", "TESTING", "test_set", "seg_test", "test-images", "pets-test"]),
}
LEFT = st.lists(
    st.sampled_from(["@eaDir", "__MACOSX", ".ipynb_checkpoints", "Thumbs.db", "._0.png", "desktop.ini", "notes.txt"]),
    max_size=2,
)
CLASSES = st.lists(
    st.sampled_from(["cat", "dog", "개", "1", "02", "10", "train_station", "test_tube"]),
    min_size=2,
    max_size=3,
    unique=True,
)


@st.composite
def trees(draw):
    """The class and split of each image; where it lies in the plain layout, and where in another; what lies beside."""
    classes = draw(CLASSES)
    splits = draw(st.sampled_from([("train",), ("train", "test"), ("train", "val"), SPLITS]))
    spelled = {split: draw(SPELLED[split]) for split in splits}
    order = draw(st.sampled_from(["split/class", "split/split/class", "class/split", "split/images/class"]))
    above = draw(st.sampled_from(["", "", "images/", "Data/", "pets-main/"]))
    deep = draw(st.sampled_from(["", "", "a/", "a/b/"]))
    linked = draw(st.booleans())
    plain, other = [], []
    for split in splits:
        for name in classes:
            for row in range(draw(st.integers(1, 2))):
                words = {"split": spelled[split], "class": name, "images": "images"}
                file = f"{split}-{name}-{row}.png"
                plain.append(f"{split}/{name}/{file}")
                other.append(f"{above}{'/'.join(words[word] for word in order.split('/'))}/{deep}{file}")
    return plain, other, draw(LEFT), linked


def plant(root, files, left, linked):
    """Writes the files, what systems leave in each of their folders, and links in circles."""
    touch(root, *files)
    for folder in (root, root / Path(files[0]).parent):
        touch(folder, *(name if "." in name[1:] else f"{name}/0.png" for name in left))
    if linked:
        (root / Path(files[0]).parent / "back").symlink_to("..")


def check(tree):
    plain, other, left, linked = tree
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "theirs")
        plant(ours, plain, [], linked=False)
        plant(theirs, other, left, linked)
        expected, found = scan(ours), scan(theirs)
        assert not expected.problems
        if found.problems:
            assert all("\n" not in problem.rule + problem.fix for problem in found.problems)
        else:
            assert found.class_names == expected.class_names
            assert listed(found) == listed(expected)


@settings(max_examples=100, deadline=None)
@given(trees())
def test_any_layout_lists_what_the_plain_one_does_or_is_refused(tree):
    check(tree)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(trees())
def test_two_thousand_layouts_list_what_the_plain_one_does_or_are_refused(tree):
    check(tree)
