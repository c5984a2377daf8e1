import json
import shutil
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from litclf.data.audit.images import check_images, check_loaded
from litclf.data.audit.kinds import straddle
from litclf.data.images import ImagesDataModule

STREAM = np.random.default_rng(0)


def save(path, size=(6, 6), colour=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(STREAM.integers(0, 256, (*size, 3) if colour else size, dtype=np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    for split, number in (("train", 12), ("test", 4)):
        for name in ("cat", "개"):
            for row in range(number):
                save(tmp_path / split / name / f"{row}.png")
    return tmp_path


def findings_of(report, folder):
    root = f"{folder}/"
    return {finding.kind: [text.replace(root, "") for text in finding.where] for finding in report.findings}


def test_a_sound_folder_has_counts_and_no_findings(folder):
    report = check_images(folder, val_size=0.25)
    assert report.findings == []
    assert report.summary == {
        "images": 32,
        "splits": {"train": 18, "val": 6, "test": 8},
        "classes": {"cat": 16, "개": 16},
        "shares": {"cat": 0.5, "개": 0.5},
        "sizes": {"6 x 6": 32},
        "colours": {"grey": 32},
    }
    assert json.loads(json.dumps(asdict(report))) == asdict(report)


def test_damaged_and_odd_images_are_named(folder):
    (folder / "train/cat/0.png").write_bytes(b"")
    (folder / "train/cat/1.png").write_bytes((folder / "train/cat/2.png").read_bytes()[:50])
    save(folder / "test/개/0.png", size=(9, 6))
    save(folder / "test/개/1.png", colour=True)
    Image.new("L", (6, 6), 7).save(folder / "test/개/2.png")
    report = check_images(folder)
    assert findings_of(report, folder) == {
        "unreadable": ["train/cat/1.png"],  # the last of two, each with a reason of its own
        "blank": ["test/개/2.png"],
        "odd size": ["test/개/0.png"],
        "odd colour": ["test/개/1.png"],
    }
    unreadable = [str(finding) for finding in report.findings if finding.kind == "unreadable"]
    assert unreadable[0] == f"{folder}/train/cat/0.png is no image, whatever its name says"
    assert unreadable[1].startswith(f"{folder}/train/cat/1.png cannot be read: ")


def test_problems_of_the_folder_are_findings_all_of_them(folder):
    (folder / "train/none").mkdir()
    (folder / "train/notes.txt").touch()
    (folder / "train/cat/notes.txt").touch()
    (folder / "train/cat/more.csv").touch()
    (folder / "train/cat/gone.png").symlink_to("nowhere")
    save(folder / "train/stray.png")
    save(folder / "test/dog/1.png")
    report = check_images(folder)
    assert findings_of(report, folder) == {
        "no class": ["train/stray.png"],
        "empty class": ["train/none"],
        "unknown class": ["test/dog"],
        "broken link": ["train/cat/gone.png"],
    }
    assert report.notes == ["passed over 3 files that are no images by their names (2 .txt, 1 .csv)"]


def test_copies_are_found_whatever_their_format(folder):
    shutil.copy(folder / "train/cat/0.png", folder / "train/개/copy.png")
    Image.open(folder / "train/cat/1.png").convert("RGB").save(folder / "test/cat/copy.bmp")
    Image.open(folder / "train/cat/2.png").save(folder / "train/cat/copy.tiff")
    report = check_images(folder, val_size=0)
    assert findings_of(report, folder) == {
        "two classes": ["train/cat/0.png = train/개/copy.png"],
        "straddle": ["train/cat/1.png = test/cat/copy.bmp"],
        "duplicate": ["train/cat/2.png = train/cat/copy.tiff"],
    }


def test_copies_straddle_seeded_splits_as_those_of_the_fit(tmp_path):
    for name in ("a", "b"):
        for row in range(30):
            save(tmp_path / name / f"{row}.png")
        shutil.copy(tmp_path / name / "0.png", tmp_path / name / "copy.png")
    kinds = {}
    for seed in range(8):
        data = ImagesDataModule(str(tmp_path), val_size=0.2, test_size=0.2, seed=seed)
        place = {path: split for split, files in data.files.items() for path in files.paths}
        apart = [place[tmp_path / name / "0.png"] != place[tmp_path / name / "copy.png"] for name in ("a", "b")]
        for report in (check_images(tmp_path, 0.2, 0.2, seed), check_loaded(data)):
            found = findings_of(report, tmp_path)
            assert len(found.get("straddle", [])) == sum(apart)
            assert len(found.get("duplicate", [])) == 2 - sum(apart)
        kinds[sum(apart)] = seed
    assert len(kinds) > 1


def test_rare_classes_are_named(tmp_path):
    for name, number in (("a", 42), ("b", 4), ("c", 1)):
        for row in range(number):
            save(tmp_path / name / f"{row}.png")
    report = check_images(tmp_path)
    assert [str(finding) for finding in report.findings] == [
        "class b, class c have less than a tenth of the 42 images of the largest class",
    ]
    assert report.notes == [
        "class b has 4 images, too few for val and test: all are for training",
        "class c has 1 image, too few for val and test: all are for training",
    ]
    assert report.summary["splits"] == {"train": 37, "val": 5, "test": 5}


def test_loaded_data_that_is_streamed_is_only_counted(folder):
    data = ImagesDataModule(str(folder), memory_budget=0, val_size=0)
    report = check_loaded(data)
    assert (report.summary["images"], report.findings) == (32, [])


def test_no_folder_is_a_finding(tmp_path):
    report = check_images(tmp_path / "none")
    assert [str(finding) for finding in report.findings] == [f"{tmp_path}/none does not exist"]
    assert report.summary["images"] == 0


@pytest.mark.parametrize("values", [3, 64, 65, 784])
def test_images_that_differ_in_one_value_do_not_straddle(values):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1, values), dtype=np.uint8)
    near = image.repeat(values, 0)
    near[np.arange(values), np.arange(values)] += 1
    inputs = {"train": np.concatenate([near, image, image]), "val": near[:0], "test": image.repeat(2, 0)}
    rows = SimpleNamespace(inputs=inputs, name="{}{}".format)
    (finding,) = straddle.find(rows)
    assert finding.where == [f"train{values} = test0", f"train{values} = test1"]
    inputs["train"] = near
    assert straddle.find(rows) == []
