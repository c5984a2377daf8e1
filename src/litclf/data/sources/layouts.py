"""Layouts of folders of images: where the class folders of each split lie, whatever the splits are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from litclf.data.sources.image_files import Level, Problem, Tree
from litclf.data.sources.split_names import (
    is_no_class,
    is_part,
    is_unlabeled,
    says_nothing,
    split_named,
    split_within,
    splits_among,
)
from litclf.preprocessing.values import evened
from litclf.utilities.text import listed

SPLITS = ("train", "val", "test")

_PLAIN = {"train", "val", "valid", "validation", "test"}
"""Names of splits that need no word."""


@dataclass
class Layout:
    """Where the class folders lie.

    Attributes:
        classes: For each split that has a folder its class folders, each with the name of its class. Without folders
            for splits it is only ``train``.
        problems: What keeps the folder from being used.
        notes: How it was understood, where that is not plain.
    """

    classes: dict[str, list[tuple[str, Path]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_layout(root: Path, tree: Tree) -> Layout:
    """The layout of ``root``: splits above classes, classes above splits, or classes alone.

    Args:
        root: The folder.
        tree: What looks into folders.
    """
    layout = Layout()
    top = _inner(root, tree)
    if top != root:
        layout.notes.append(f"the images are those below {top}")
    folders = tree.level(top).folders
    splits = _splits_at(top, tree)
    train = [folder for folder in folders if splits.get(folder) == "train"]
    if any(tree.level(_inner(folder, tree)).folders for folder in train):
        _splits_above(top, splits, tree, layout)
    elif splits and not _is_class_called_train(folders, splits, layout):
        layout.problems.append(_without_train(top, splits, tree))
    else:
        _classes_above(top, tree, layout)
    return layout


def _inner(folder: Path, tree: Tree) -> Path:
    """The folder itself, or the one that it only wraps: of the same name, one that says nothing, or one of splits."""
    level = tree.level(folder)
    while len(level.folders) == 1 and not level.images:
        (only,) = level.folders
        same = evened(only.name).casefold() == evened(folder.name).casefold()
        split = split_named(only.name)
        wraps = split is not None and split == split_named(folder.name)
        wraps = wraps or (split is None and (same or says_nothing(only.name) or "train" in _trained(only, tree)))
        if not wraps or not (tree.level(only).folders or tree.level(only).images):
            break
        folder, level = only, tree.level(only)
    return folder


def _trained(folder: Path, tree: Tree) -> set[str]:
    return set(splits_among(below.name for below in tree.level(folder).folders).values())


def _splits_at(folder: Path, tree: Tree) -> dict[Path, str]:
    folders = tree.level(folder).folders
    named = splits_among(below.name for below in folders)
    return {below: named[below.name] for below in folders if below.name in named}


def _splits_above(top: Path, splits: dict[Path, str], tree: Tree, layout: Layout) -> None:
    """Classes below the folders of splits."""
    taken: dict[str, Path] = {}
    for folder in tree.level(top).folders:
        split = splits.get(folder)
        if split is None:
            _about_stranger(folder, tree, layout)
        elif split in taken:
            rule = f"and {taken[split].name} beside it are both for {_purpose(split)}"
            layout.problems.append(Problem("two splits", folder, rule, "keep one of them, or put them together"))
        else:
            taken[split] = folder
    odd = [folder for folder in taken.values() if folder.name not in _PLAIN]
    if odd:
        spelled = [f"{split} is {taken[split].name}" for split in SPLITS if split in taken]
        layout.notes.append(f"splits: {', '.join(spelled)}")
    for split in SPLITS:
        if split in taken:
            layout.classes[split] = _class_folders(_inner(taken[split], tree), tree, layout, split)


def _about_stranger(folder: Path, tree: Tree, layout: Layout) -> None:
    """A folder beside those of splits."""
    if is_unlabeled(folder.name):
        layout.notes.append(f"passed over {folder}, which holds no classes by its name")
    elif not tree.images(folder):
        layout.notes.append(f"passed over {folder}, which holds no images")
    else:
        fix = "move it elsewhere, or into train where it is a class"
        rule = "is neither train, val, valid nor test, nor one of their usual spellings"
        layout.problems.append(Problem("unknown split", folder, rule, fix))


def _class_folders(folder: Path, tree: Tree, layout: Layout, split: str) -> list[tuple[str, Path]]:
    level = tree.level(folder)
    if level.images and not level.folders:
        layout.problems.append(_unsorted(folder, split, tree))
    else:
        _refuse_strays(level, layout)
    return [(evened(below.name), below) for below in level.folders]


def _refuse_strays(level: Level, layout: Layout) -> None:
    for image in level.images:
        layout.problems.append(Problem("no class", image, "lies in no class folder", "move it into one"))


def _unsorted(folder: Path, split: str, tree: Tree) -> Problem:
    fix = f"sort them into folders such as {folder / 'cat'} and {folder / 'dog'}"
    if split != "train":
        fix += ", or move it elsewhere: litclf predict --input takes it"
    number = len(tree.level(folder).images)
    rule = f"holds {number} images but no class folders" if number else "holds neither class folders nor images"
    return Problem("no class", folder, rule, fix)


def _is_class_called_train(folders: list[Path], splits: dict[Path, str], layout: Layout) -> bool:
    """Whether images in ``train`` are of vehicles on rails: it is the only name of a split, among classes."""
    if len(splits) > 1 or len(folders) < 3 or next(iter(splits)).name.lower() != "train":
        return False
    train = next(iter(splits))
    layout.notes.append(f"{train} is a class, as it lies among others and holds no folders: rename it if it is a split")
    return True


def _without_train(top: Path, splits: dict[Path, str], tree: Tree) -> Problem:
    """Folders have the names of splits, and none is a folder for training with class folders."""
    train = [folder for folder, split in splits.items() if split == "train"]
    names = listed([folder.name for folder in splits], most=3)
    if len(train) == 1:
        problem = _unsorted(_inner(train[0], tree), "train", tree)
        return problem._replace(fix=f"{problem.fix}; rename {train[0].name} if it is a class itself")
    if train:
        fix = f"name one of them train, with a folder for each class such as {top / 'train' / 'cat'}"
        return Problem("two splits", train[1], f"and {train[0].name} beside it are both for training", fix)
    others = [folder.name for folder in tree.level(top).folders if folder not in splits]
    fix = f"move {listed(others, most=3)} into {top / 'train'}" if others else "name the folder for training train"
    rule = f"has no folder for training beside {names}"
    return Problem("no train", top, rule, f"{fix}; rename {names} where that is a class")


def _classes_above(top: Path, tree: Tree, layout: Layout) -> None:
    """Class folders, perhaps with the same folders for splits in each of them."""
    classes = layout.classes["train"] = _class_folders(top, tree, layout, "train")
    names = [name for name, _ in classes]
    if len(names) > 1 and all(map(is_no_class, names)):
        fix = "pass the one that holds class folders, or sort the images into some, such as cat/1.png and dog/1.png"
        layout.problems.append(Problem("no class", top, f"holds {listed(names, 3)}, which are no classes by name", fix))
        return
    below = {folder: _splits_at(folder, tree) for _, folder in classes}
    if not any(tree.level(folder).folders for folder in below) and _are_splits(map(split_within, names)):
        fix = f"sort the images of each into folders for classes, such as {top / 'train' / 'cat'}"
        rule = f"holds {listed(names, 3)}, which are splits by their names, and no class folders in them"
        layout.problems.append(Problem("no class", top, rule, fix))
    elif any(len(set(splits.values())) > 1 for splits in below.values()):
        _splits_below(classes, below, tree, layout)
    else:
        _about_equal_folders(top, classes, tree, layout)


def _splits_below(
    classes: list[tuple[str, Path]], below: dict[Path, dict[Path, str]], tree: Tree, layout: Layout
) -> None:
    """Classes whose own folders are the splits."""
    layout.classes = {}
    for name, folder in classes:
        level, splits = tree.level(folder), below[folder]
        if level.images or set(level.folders) != set(splits) or len(set(splits.values())) < len(splits):
            rule = f"must hold images in one folder for each of {', '.join(SPLITS)} alone, as other classes do"
            fix = f"put splits above classes, such as {folder.parent / 'train' / name}"
            layout.problems.append(Problem("unknown split", folder, rule, fix))
        deep = [path for path in splits if tree.level(path).folders and not tree.level(path).images]
        if deep:
            fix = f"pass the folder {folder} if its splits are to be taken, or put splits above classes"
            layout.problems.append(Problem("unknown split", deep[0], "lies between two levels of folders", fix))
        for path, split in splits.items():
            layout.classes.setdefault(split, []).append((name, path))
    layout.classes = {split: layout.classes[split] for split in SPLITS if split in layout.classes}
    layout.classes.setdefault("train", [])
    layout.notes.append(f"splits lie below the classes: {listed([path.name for path in next(iter(below.values()))])}")


def _about_equal_folders(top: Path, classes: list[tuple[str, Path]], tree: Tree, layout: Layout) -> None:
    """Folders of the same names in all class folders are the classes where those are splits, and perhaps elsewhere."""
    inner = [{evened(path.name) for path in tree.level(folder).folders} for _, folder in classes]
    if len(inner) < 2 or len(common := set.intersection(*inner)) < 2:
        return
    if any(tree.level(folder).images for _, folder in classes) or any(names != common for names in inner):
        return
    names, folders = listed([name for name, _ in classes], 3), listed(sorted(common), 3)
    splits = {folder: split_within(folder.name) for _, folder in classes}
    if _are_splits(splits.values()):
        layout.classes = {}
        _splits_above(top, cast("dict[Path, str]", splits), tree, layout)
        if "train" not in layout.classes:
            rule = f"has no folder for training beside {names}, which are splits by their names"
            layout.problems.append(Problem("no train", top, rule, "call one of them train"))
    elif all(is_part(name) for name, _ in classes):
        fix = "name one train and one test, or put the class folders of all together"
        rule = f"is a part by its name, and holds the folders {folders}, as {names} all do"
        layout.problems.append(Problem("no class", classes[0][1], rule, fix))
    else:
        fix = f"where {names} are splits, and {folders} the classes, call them train, val and test"
        layout.notes.append(f"the classes are {names}, each with the folders {folders} below it; {fix}")


def _are_splits(named: Iterable[str | None]) -> bool:
    """Whether names all stand for a split, and not all for the same."""
    splits = {*named}
    return len(splits) > 1 and None not in splits


def _purpose(split: str) -> str:
    return {"train": "training", "val": "validation", "test": "the test"}[split]
