"""Which of two classes is measured: the one that is set, else the rarer one."""

import pytest
import torch
from sklearn.metrics import f1_score

from litclf import BinaryClassifier, ClassificationDataModule, InputError, MulticlassClassifier, TableDataModule, fit
from litclf.data.base import Split
from litclf.models.positive import Positive
from litclf.runs.checkpoint import Checkpoint
from litclf.training.calibration import calibrate
from litclf.utilities.data_spec import DataSpec


class Patients(ClassificationDataModule):
    """So many patients of two classes, in each of three splits."""

    class_names, input_shape = ("ill", "well"), (2,)

    def __init__(self, ill, well):
        super().__init__(batch_size=20, repeat=1, steps_per_execution=1, seed=0)
        self.counts = ill, well

    def load(self):
        y = torch.tensor([0, 1]).repeat_interleave(torch.tensor(self.counts))
        x = torch.randn(len(y), 2, generator=torch.Generator().manual_seed(0)) + y[:, None]
        return dict.fromkeys(("train", "val", "test"), Split(x, y))


@pytest.mark.parametrize(
    ("counts", "name", "why"),
    [
        ((10, 30), "ill", "the rarer in training"),
        ((30, 10), "well", "the rarer in training"),
        ((20, 20), "well", "the second class"),
        ((19, 21), "well", "the second class"),  # which of them is rarer another split may tell otherwise
        ((17, 23), "ill", "the rarer in training"),
    ],
)
def test_the_rarer_class_is_measured(counts, name, why):
    found = Positive.of(None, DataSpec.of(Patients(*counts)))
    assert (found.name, found.why) == (name, why)
    assert found.index == ("ill", "well").index(name)


def test_a_class_that_is_set_is_taken_and_another_is_refused():
    spec = DataSpec.of(Patients(10, 30))
    assert Positive.of("well", spec) == Positive(1, "well", "as set")
    with pytest.raises(
        InputError, match=r"^positive_class: must be one of ill, well, got 'wel'; fix: did you mean well"
    ):
        Positive.of("wel", spec)


def test_more_classes_have_no_positive_one():
    data = TableDataModule(rows=[[1], [2], [3]], targets=[0, 1, 2])
    with pytest.raises(InputError, match=r"^positive_class: chooses between two classes, the data has 3"):
        MulticlassClassifier(positive_class="1").attach(data)
    model = MulticlassClassifier()
    model.attach(data)
    assert model.positive is None


@pytest.mark.parametrize("chosen", [None, "well"])
def test_a_fit_measures_and_records_the_class_and_its_threshold(chosen, tmp_path):
    torch.manual_seed(0)
    data = Patients(30, 170)
    model = BinaryClassifier(positive_class=chosen)
    result = fit(model, data, max_epochs=1, threshold_rule="f1", default_root_dir=tmp_path, enable_progress_bar=False)
    name = chosen or "ill"
    assert result.metrics["positive_class"]["name"] == result.metrics["calibration"]["positive_class"] == name
    saved = Checkpoint.tested(result.folder)
    assert saved.hparams["positive_class"] == name
    x, y = data.splits["test"]
    number = data.class_names.index(name)
    right = ((model.classes(model(data.prepare(x))) == number) & (y == number)).sum()
    assert result.metrics["test/recall"] == pytest.approx(float(right / (y == number).sum()))


def test_the_threshold_by_f1_is_the_best_for_the_class_that_is_measured():
    data, model = Patients(30, 170), BinaryClassifier()
    model.attach(data)
    with torch.no_grad():
        model.network[0].weight.copy_(torch.tensor([[1.0, 1.0]]))
        model.network[0].bias.fill_(1.0)
    chosen = calibrate(model, data, "f1")
    x, y = data.splits["val"]
    scores = model.probabilities(model(x) / chosen.temperature)[:, 1].detach()

    def f1(threshold):
        return f1_score(y, scores > threshold, pos_label=0)

    assert chosen.positive_class == "ill"
    assert f1(chosen.threshold) == max(map(f1, scores.tolist()))
    assert "by f1 of ill" in str(chosen)


def test_two_logits_are_measured_by_the_same_class_as_one(tmp_path):
    """Their means over both classes would say that a model that finds none of the rare one is half right."""
    data, model = Patients(30, 170), MulticlassClassifier()
    result = fit(model, data, max_epochs=1, default_root_dir=tmp_path, enable_progress_bar=False)
    assert (
        result.metrics["positive_class"]["name"] == Checkpoint.tested(result.folder).hparams["positive_class"] == "ill"
    )
    x, y = data.splits["test"]
    predicted = model(data.prepare(x)).argmax(dim=1)
    assert result.metrics["test/f1"] == pytest.approx(f1_score(y, predicted, pos_label=0, zero_division=0))


@pytest.mark.parametrize(
    ("model", "settings", "rule"),
    [
        (MulticlassClassifier, {}, r"f1 chooses what one logit has to exceed, which MulticlassClassifier has none of"),
        (BinaryClassifier, {"limit_val_batches": 0}, r"f1 goes by validation samples, and there are none"),
        (BinaryClassifier, {"name": "unsplit"}, r"f1 goes by validation samples, and there are none"),
    ],
)
def test_a_threshold_that_nothing_would_come_of_is_refused(model, settings, rule, tmp_path):
    data = Patients(30, 170)
    if "name" in settings:
        data.splits["val"] = Split(*(part[:0] for part in data.splits["val"]))
    with pytest.raises(InputError, match=rf"^threshold_rule: {rule}"):
        fit(model(), data, max_epochs=1, threshold_rule="f1", default_root_dir=tmp_path, **settings)
    assert not list(tmp_path.iterdir())
