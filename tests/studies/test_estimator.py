"""The estimator, by scikit-learn's own checks, its searches and displays, and against its logistic regression."""

import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_iris, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from litclf import LitClassifier, load

QUICK = {"hidden_dims": (8,), "max_epochs": 5, "lr": 0.02, "random_state": 0}


@pytest.mark.slow  # 55 checks, ten seconds together
@parametrize_with_checks([LitClassifier()])
def test_it_keeps_what_scikit_learn_asks_of_an_estimator(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def animals():
    """Rows with a number that may be missing, a text, and a category written as a number; and a label of each."""
    stream = np.random.default_rng(0)
    frame = pd.DataFrame({"size": stream.normal(size=200), "skin": stream.choice(["fur", "none"], 200)})
    frame["legs"] = pd.Categorical(stream.integers(0, 3, 200))
    frame.loc[::7, "size"] = np.nan
    return frame, np.where((frame["legs"] == 1) & (frame["skin"] == "fur"), "cat", "snake")


@pytest.fixture(scope="module")
def fitted(animals, tmp_path_factory):
    """An estimator that has left its run."""
    root = tmp_path_factory.mktemp("estimator")
    return LitClassifier(**QUICK | {"max_epochs": 20}, val_size=0.2, members=2, default_root_dir=root).fit(*animals)


def test_frames_with_texts_categories_and_missing_values_are_learned_and_predicted_by_label(fitted, animals):
    frame, labels = animals
    assert fitted.classes_.tolist() == ["cat", "snake"]
    assert fitted.feature_names_in_.tolist() == ["size", "skin", "legs"]
    assert fitted.score(frame, labels) > 0.95
    assert fitted.predict(frame).tolist() == fitted.classes_[fitted.predict_proba(frame).argmax(axis=1)].tolist()
    assert 0 <= fitted.metrics_["val/accuracy"] <= 1


def test_what_it_predicts_is_what_its_run_predicts(fitted, animals):
    run = load(fitted.run_folder_)
    assert (run.num_members, run.class_names) == (2, ("cat", "snake"))
    assert np.array_equal(run.probabilities(animals[0]), fitted.predict_proba(animals[0]))


def test_it_is_pickled_as_a_checkpoint_without_the_rows_it_was_trained_on(fitted, animals):
    content = pickle.dumps(fitted)
    again = pickle.loads(content)
    assert np.array_equal(again.predict_proba(animals[0]), fitted.predict_proba(animals[0]))
    assert b"torch" not in content.replace(fitted._checkpoint, b"")
    assert np.float64(animals[0]["size"][1]).tobytes() not in content
    assert "datamodule_hyper_parameters" not in again.model_.checkpoint.content


def test_a_fit_prints_nothing_leaves_nothing_and_draws_from_its_own_seed(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    rows, labels = make_moons(60, random_state=0)
    before = np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()
    one, other = (LitClassifier(**QUICK).fit(np.c_[rows, labels * 1.0], labels) for _ in range(2))
    assert (np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()) == before
    assert (capfd.readouterr(), list(tmp_path.iterdir()), one.run_folder_) == (("", ""), [], None)
    assert np.array_equal(one.predict_proba(np.c_[rows, labels]), other.predict_proba(np.c_[rows, labels]))
    assert one.notes_ == ["data: column x3 gives the class away: alone it tells at least 99.5 % of held-out rows"]
    fresh = LitClassifier(**QUICK | {"random_state": 1}).fit(rows, labels)
    assert not np.array_equal(fresh.predict_proba(rows), LitClassifier(**QUICK).fit(rows, labels).predict_proba(rows))


def test_a_linear_one_is_a_logistic_regression():
    rows, labels = make_moons(300, noise=0.4, random_state=0)
    settings = {"optimizer": "sgd", "lr": 1.0, "lr_schedule": "none", "batch_size": None, "max_epochs": 2000}
    own = LitClassifier((), **settings, random_state=0).fit(rows * 100, labels)
    oracle = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8)).fit(rows, labels)
    assert own.predict_proba(rows * 100) == pytest.approx(oracle.predict_proba(rows), abs=1e-4)


def test_weights_of_classes_are_those_of_their_labels():
    rows, labels = load_breast_cancer(return_X_y=True)
    rows, labels = np.r_[rows[labels == 1], rows[labels == 0][:30]], np.r_[["good"] * 357, ["bad"] * 30]
    shares = {"bad": 387 / (2 * 30), "good": 387 / (2 * 357)}
    plain, balanced, named = (
        LitClassifier(**QUICK, class_weight=weight).fit(rows, labels).predict_proba(rows)[:, 0]
        for weight in (None, "balanced", shares)
    )
    assert named == pytest.approx(balanced, abs=1e-6)
    assert balanced.mean() > plain.mean() + 0.02


def test_searches_and_displays_take_it_in_a_pipeline():
    rows, labels = load_iris(return_X_y=True)
    pipeline = make_pipeline(MinMaxScaler(), LitClassifier(**QUICK))
    grid = {"litclassifier__lr": [1e-5, 0.02], "litclassifier__hidden_dims": [(8,)]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(rows, labels)
    assert search.best_params_["litclassifier__lr"] == 0.02
    shown = ConfusionMatrixDisplay.from_estimator(search, rows, labels)
    assert np.array_equal(shown.confusion_matrix, confusion_matrix(labels, search.predict(rows)))


def test_a_fit_stops_where_the_validation_loss_no_longer_falls():
    rows, labels = make_moons(200, noise=0.5, random_state=0)
    settings = QUICK | {"max_epochs": 200, "hidden_dims": (64, 64), "lr_schedule": "none", "val_size": 0.3}
    stopped = LitClassifier(**settings, patience=2).fit(rows, labels)
    whole = LitClassifier(**settings | {"max_epochs": 20}).fit(rows, labels)
    assert stopped.model_.checkpoint.step <= whole.model_.checkpoint.step


@pytest.mark.parametrize(
    ("settings", "labels", "message"),
    [
        ({"max_epochs": 0}, [0, 1] * 10, "max_epochs: must be a whole number of at least 1, got 0"),
        ({"hidden_dims": 3}, [0, 1] * 10, "hidden_dims: must be a list of whole numbers, got 3"),
        ({"lr": -1.0}, [0, 1] * 10, "lr: must be positive, got -1.0"),
        ({"patience": 3}, [0, 1] * 10, "patience: waits for .* got 3; fix: pass val_size=0.1 too"),
        ({"class_weight": "even"}, [0, 1] * 10, ".*class_weight.*even"),
        ({}, [1] * 20, "y: must hold two classes or more, got one class: 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused_when_it_is_fitted(settings, labels, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        LitClassifier(**QUICK | settings).fit(np.arange(40.0).reshape(20, 2), labels)
