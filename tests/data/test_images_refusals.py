"""Folders of images that cannot be trained on: one line names the place and the way out."""

import pytest

from litclf.data.images import ImagesDataModule

from ..bad_inputs import IMAGES, refused_by, write


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", IMAGES)
def test_a_folder_of_images_that_cannot_be_trained_on(case):
    files, message = IMAGES[case]
    write(files() if callable(files) else {name: make() for name, make in files.items()})
    refused_by(lambda: ImagesDataModule("pets").setup("fit"), message)
