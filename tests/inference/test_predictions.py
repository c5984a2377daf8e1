"""Predictions of a run with members, against NumPy on what each of its networks says alone."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy import special, stats

from litclf import load
from litclf.inference.predictions import DISAGREEMENT

ROWS = {"members_run": 2, "blob_members_run": 3}


@pytest.fixture(params=ROWS)
def folder_and_rows(request):
    rows = np.random.default_rng(0).normal(size=(40, ROWS[request.param])) * 2
    return request.getfixturevalue(request.param).folder, rows


def probabilities_of_each(folder, rows):
    """The probabilities of each member, shape ``(M, N, C)``, of its network's logits by NumPy alone."""
    model = load(folder)
    x = model.preparation.inputs(rows)
    logits = [network(x).detach().double().numpy() for network in model.network.members]
    return np.array([special.softmax(np.hstack([0 * own, own]) if own.shape[1] == 1 else own, 1) for own in logits])


def test_the_model_is_the_mean_probability_of_its_members(folder_and_rows):
    each, model = probabilities_of_each(*folder_and_rows), load(folder_and_rows[0])
    assert model.num_members == len(each)
    mean = load(folder_and_rows[0], calibrated=False).probabilities(folder_and_rows[1])
    np.testing.assert_allclose(mean, each.mean(0), atol=1e-6)
    calibrated = special.softmax(np.log(each.mean(0)) / model.calibration.temperature, 1)
    np.testing.assert_allclose(model.probabilities(folder_and_rows[1]), calibrated, atol=1e-6)
    assert model.calibration.temperature != 1


@pytest.mark.parametrize("calibrated", [True, False])
def test_disagreement_is_that_of_the_members_own_probabilities(folder_and_rows, calibrated):
    folder, rows = folder_and_rows
    each, said = probabilities_of_each(folder, rows), load(folder, calibrated).predict(rows)
    chosen = each[:, np.arange(len(rows)), said.indexes]
    np.testing.assert_allclose(said.deviation, chosen.std(0), atol=1e-6)
    entropy = stats.entropy(each.mean(0), axis=1) - stats.entropy(each, axis=2).mean(0)
    np.testing.assert_allclose(said.mutual_information, entropy, atol=1e-6)
    assert (said.mutual_information > 0.01).any()


def test_agreement_is_the_share_of_members_that_say_the_same(folder_and_rows):
    folder, rows = folder_and_rows
    each, said = probabilities_of_each(folder, rows), load(folder, calibrated=False).predict(rows)
    np.testing.assert_allclose(said.agreement, (each.argmax(2) == said.indexes).mean(0))
    assert said.agreement.min() < said.agreement.max() == 1


def test_members_are_held_to_the_threshold_that_all_are(members_run):
    rows = np.random.default_rng(0).normal(size=(40, 2))
    each, said = (
        probabilities_of_each(members_run.folder, rows),
        load(members_run.folder, False, 0.6).predict(rows),
    )
    np.testing.assert_allclose(said.agreement, ((each[:, :, 1] > 0.6) == said.indexes).mean(0))


def test_a_member_predicts_alone_and_uncalibrated(folder_and_rows):
    folder, rows = folder_and_rows
    for number, expected in enumerate(probabilities_of_each(folder, rows)):
        model = load(folder, member=number)
        said = model.predict(rows)
        np.testing.assert_allclose(said.probabilities, expected, atol=1e-6)
        assert (model.num_members, model.member, model.calibration.temperature) == (0, number, 1)
        assert said.disagreement == {}
        np.testing.assert_array_equal(said.indexes, expected.argmax(1))


def test_one_network_has_no_disagreement(circles_run):
    said = load(circles_run.folder).predict([[0.0, 0.1]])
    assert [getattr(said, name) for name in DISAGREEMENT] == [None] * 3


def test_predictions_are_split_into_those_of_each_question(members_run):
    model = load(members_run.folder)
    whole = model.predict(np.random.default_rng(0).normal(size=(6, 2)))
    parts = whole.split([1, 0, 5])
    assert [len(part.classes) for part in parts] == [1, 0, 5]
    for field in dataclasses.fields(whole):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, field.name) for part in parts]), getattr(whole, field.name)
        )
    assert model.predict(np.empty((0, 2))).agreement.shape == (0,)


def test_members_that_say_the_same_have_nothing_to_disagree_about(members_run):
    model = load(members_run.folder)
    for network in model.network.members[1:]:
        network.load_state_dict(model.network.members[0].state_dict())
    said = model.decide(torch.randn(20, 2))
    assert set(said.agreement) == {1.0}
    np.testing.assert_allclose(said.deviation, 0, atol=1e-12)
    np.testing.assert_allclose(said.mutual_information, 0, atol=1e-12)
