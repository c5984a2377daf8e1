"""What cannot be fitted is refused when the run is planned, before anything is written."""

import pytest

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit


def test_one_class_labels_beside_the_classes_and_no_samples_are_refused_before_a_folder_is_made(tmp_path):
    class Changed(CirclesDataModule):
        def __init__(self, change):
            super().__init__(num_samples=100)
            self.change = change

        def load(self):
            splits = super().load()
            self.change(splits)
            return splits

    def one(splits):
        splits["train"].y[:] = 1

    def beside(splits):
        splits["val"].y[3] = 2

    def none(splits):
        splits["train"] = type(splits["train"])(*(part[:0] for part in splits["train"]))

    for change, message in (
        (one, "all 80 samples of the training split are of class inner"),
        (beside, r"labels of the val split must be in \[0, 1\], got 0 to 2"),
        (none, "the training split is empty"),
    ):
        with pytest.raises(InputError, match=f"^data: {message}"):
            fit(BinaryClassifier(), Changed(change), max_epochs=1, default_root_dir=tmp_path)
    assert not list(tmp_path.iterdir())
