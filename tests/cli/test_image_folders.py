"""One folder of images as people have them, by each command that reads it: the same images, said in the same words."""

import shutil

import numpy as np
import pytest
from PIL import Image

from litclf.cli.main import main

FIT = ("fit", "--model", "auto", "--model.network", "cnn", "--model.hidden_dims", "[2]", "--data", "ImagesDataModule")
BRIEF = ("--trainer.max_epochs", "1", "--pictures", "false", "--trainer.enable_progress_bar", "false")
NOTES = [
    "note        splits: train is Training, test is Testing",
    "note        passed over 1 file that is no image by its name (1 .txt)",
]


@pytest.fixture
def pets(tmp_path, monkeypatch):
    """24 images of the classes 9 and 10 to train on and 12 to test on, and what systems and people leave."""
    monkeypatch.chdir(tmp_path)
    stream = np.random.default_rng(0)
    for folder, number in (("Training/9", 12), ("Training/10", 12), ("Testing/9", 6), ("Testing/10", 6)):
        (tmp_path / "pets" / folder).mkdir(parents=True)
        for row in range(number):
            pixels = stream.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / folder / f"{row}.png")
    (tmp_path / "pets/Training/9/labels.txt").touch()
    for left in ("__MACOSX/Training/9/._0.png", "Training/.ipynb_checkpoints/0.png", "Training/9/@eaDir/0.png/T.jpg"):
        (tmp_path / "pets" / left).parent.mkdir(parents=True)
        shutil.copy(tmp_path / "pets/Training/9/0.png", tmp_path / "pets" / left)
    return tmp_path / "pets"


def notes_of(text):
    return [line for line in text.splitlines() if line.startswith("note ")]


def test_every_command_reads_the_same_images_and_says_the_same(pets, capsys):
    assert main(["check-data", "pets"]) == 0
    told = capsys.readouterr()
    assert "splits      train 22, val 2, test 12\nclasses     9 18, 10 18\n" in told.out
    assert (notes_of(told.out), told.err) == (NOTES, "")
    assert main(["init", "pets"]) == 0
    assert capsys.readouterr().err.splitlines() == NOTES
    assert "# 36 images in 2 classes: 9, 10." in (pets.parent / "pets.yaml").read_text()
    assert main([*FIT, "--data.path", "pets", *BRIEF, "--name", "pets"]) == 0
    told = capsys.readouterr()
    assert notes_of(told.err) == NOTES
    assert main(["predict", "--ckpt_path", "lightning_logs/pets", "--input", "pets", "--output", "out.csv"]) == 0
    told = capsys.readouterr()
    assert "(36 rows)" in told.out
    assert sorted(told.err.splitlines()) == [
        "note        lightning_logs/pets/version_0 of 1 is taken, the latest",
        NOTES[1],
    ]


def test_a_white_that_is_said_is_one_that_is_taken(pets, capsys):
    for path in pets.rglob("[0-9]*.png"):
        if path.is_file():
            Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16) * 16).save(path)
    assert main(["init", "pets"]) == 0
    said = notes_of(capsys.readouterr().err)[-1]
    assert said.endswith("of 65535 at most, and look black: pass --white 4095 where 4095 is white")
    (pets.parent / "pets.yaml").unlink()
    assert main(["init", "pets", "--white", "4095"]) == 0
    assert capsys.readouterr().err.splitlines() == NOTES
    assert "    white: 4095.0 " in (pets.parent / "pets.yaml").read_text()
    for given, more in (("null", 1), ("4095", 0)):
        flags = ("--data", "ImagesDataModule", "--data.path", "pets", "--data.white", given)
        assert main(["check-data", *flags]) == 0
        assert len(notes_of(capsys.readouterr().out)) == len(NOTES) + more
    assert main(["init", "pets", "--white", "0", "--output", "b.yaml"]) == 2
    assert capsys.readouterr().err.startswith("error: --white: must be positive, got 0")


def test_many_classes_are_counted_in_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for number in range(60):
        for row in range(4):
            path = tmp_path / f"many/{number}/{row}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((2, 2), 4 * number + row, np.uint8)).save(path)
    assert main(["check-data", "many"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("classes")).endswith("18 4, 19 4 and 40 more")
    assert max(map(len, lines)) < 400
