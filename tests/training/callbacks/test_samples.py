"""The samples behind the figures, against counts and losses worked out by hand."""

import base64
import json
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from litclf import BinaryClassifier, BlobsDataModule, MulticlassClassifier
from litclf.data.base import ClassificationDataModule, Split
from litclf.training.callbacks.picture import Evaluation
from litclf.training.callbacks.samples import Samples, pixels_of
from litclf.visualization.report.samples import data_uri, worst_errors

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")


class Squares(ClassificationDataModule):
    """Tiny grey images: dark ones and bright ones."""

    input_shape = (1, 4, 4)
    class_names = ("dark", "bright")

    def __init__(self):
        super().__init__(None, repeat=2, steps_per_execution=2, seed=0)

    def load(self):
        generator = torch.Generator().manual_seed(0)
        y = torch.arange(40) % 2
        x = (torch.rand(40, 1, 4, 4, generator=generator) * 100 + 120 * y[:, None, None, None]).to(torch.uint8)
        return {"train": Split(x[:20], y[:20]), "val": Split(x[20:30], y[20:30]), "test": Split(x[30:], y[30:])}

    def prepare(self, x):
        return x.float() / 255


def samples_of(model, data, make_trainer, tmp_path):
    trainer = make_trainer(max_epochs=1, callbacks=[Samples()])
    trainer.fit(model, datamodule=data)
    trainer.test(model, datamodule=data, verbose=False)
    return json.loads((tmp_path / "samples.json").read_text())


def test_rows_lie_in_the_cell_of_their_classes_with_their_loss(make_trainer, tmp_path):
    torch.manual_seed(1)
    data = BlobsDataModule(num_samples=200, centers=3, batch_size=None, repeat=2, steps_per_execution=2)
    model = MulticlassClassifier(hidden_dims=[4])
    content = samples_of(model, data, make_trainer, tmp_path)
    x, y = data.splits["test"]
    logits = model(x).detach().double()
    predicted, losses = logits.argmax(1), torch.nn.functional.cross_entropy(logits, y, reduction="none")
    assert content["kind"] == "row"
    assert content["columns"] == ["x1", "x2"]
    found = [(cell, sample) for cell, samples in content["cells"].items() for sample in samples]
    assert len(found) == len(y)
    for cell, sample in found:
        index = sample["index"]
        assert cell == f"{y[index]},{predicted[index]}"
        assert sample["values"] == pytest.approx(x[index].tolist(), rel=1e-5)
        assert sample["loss"] == pytest.approx(losses[index].item(), abs=1e-5)
        assert sample["probability"] == pytest.approx(logits[index].softmax(0).max().item(), abs=1e-5)
    wrong = sorted((-losses[i].item(), i) for i in range(len(y)) if predicted[i] != y[i])
    assert [sample["index"] for sample in content["worst"]] == [index for _, index in wrong][:24]


def test_images_are_stored_as_they_are(make_trainer, tmp_path):
    data = Squares()
    content = samples_of(BinaryClassifier(hidden_dims=[4]), data, make_trainer, tmp_path)
    assert content["kind"] == "image"
    for samples in content["cells"].values():
        for sample in samples:
            stored = base64.b64decode(sample["image"].removeprefix("data:image/png;base64,"))
            assert np.array_equal(np.array(Image.open(BytesIO(stored))), data.splits["test"].x[sample["index"], 0])


def test_a_cell_holds_a_dozen_at_most(make_trainer, tmp_path):
    data = BlobsDataModule(num_samples=400, centers=2, batch_size=None, repeat=2, steps_per_execution=2)
    content = samples_of(MulticlassClassifier(), data, make_trainer, tmp_path)
    assert max(map(len, content["cells"].values())) == 12


def test_the_worst_errors_are_the_wrong_ones_with_the_largest_loss():
    of_class_1 = np.array([0.9, 0.2, 0.05, 0.4])
    evaluation = Evaluation(np.array([0, 1, 1, 0]), np.stack([1 - of_class_1, of_class_1], axis=1), ("a", "b"))
    assert worst_errors(evaluation.targets, evaluation.predicted, evaluation.losses).tolist() == [2, 0, 1]
    assert evaluation.losses == pytest.approx(-np.log([0.1, 0.2, 0.05, 0.6]))


@pytest.mark.parametrize(
    ("shape", "found"), [((2, 1, 3, 5), (2, 3, 5)), ((2, 3, 4, 5), (2, 4, 5, 3)), ((2, 28, 28), (2, 28, 28))]
)
def test_pixels_have_channels_last_and_none_where_grey(shape, found):
    assert pixels_of(torch.zeros(shape)).shape == found
    assert pixels_of(torch.ones(shape)).max() == 255


def test_a_data_uri_is_a_png_of_the_same_pixels():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    stored = base64.b64decode(data_uri(image).partition(",")[2])
    assert np.array_equal(np.array(Image.open(BytesIO(stored))), image)
