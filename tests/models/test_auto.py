import pytest
import torch

from litclf import AutoClassifier, BinaryClassifier, BlobsDataModule, CirclesDataModule, MulticlassClassifier


@pytest.mark.parametrize(
    ("data", "kind"), [(CirclesDataModule(), BinaryClassifier), (BlobsDataModule(centers=3), MulticlassClassifier)]
)
def test_it_is_the_classifier_for_the_number_of_classes(data, kind):
    torch.manual_seed(0)
    model = AutoClassifier(hidden_dims=[5], lr=0.3)
    model.attach(data)
    torch.manual_seed(0)
    named = kind(hidden_dims=[5], lr=0.3)
    named.attach(data)
    assert type(model) is kind
    assert model.hparams == named.hparams
    x = torch.randn(4, 2)
    assert torch.equal(model(x), named(x))
