"""Shown rows: values in the user's own columns, and images as they are stored."""

import base64
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from litclf import ImagesDataModule, TableDataModule
from litclf.studies.shown_rows import shown_rows


def test_a_row_of_a_table_has_all_columns_of_the_file_but_its_target(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"이름": list("abcdef"), "size": [1.5, 2, None, 4, 5, 6], "y": ["u", "v"] * 3})
    frame.to_csv("t.csv", index=False)
    data = TableDataModule(path="t.csv", target="y", drop=["이름"], test_size=0.0, val_size=0.0)
    shown = shown_rows(data, [2, 0])
    assert shown["columns"] == ["이름", "size"]
    assert list(shown["rows"].items()) == [("t.csv line 4", ["c", ""]), ("t.csv line 2", ["a", "1.5"])]


def test_an_image_is_named_by_its_path_and_is_what_the_network_gets(tmp_path):
    for name, shade in (("dark", 10), ("light", 200)):
        (tmp_path / name).mkdir()
        for number in range(6):
            pixels = np.full((4, 4), shade + number, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    data = ImagesDataModule(str(tmp_path), test_size=0.2, val_size=0.2)
    shown = shown_rows(data, range(12))
    assert (shown["kind"], len(shown["rows"])) == ("image", 12)
    for name, source in shown["rows"].items():
        image = Image.open(BytesIO(base64.b64decode(source.partition(",")[2])))
        assert np.array_equal(np.asarray(image), np.asarray(Image.open(tmp_path / name)))
