import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from litclf.inference.compare.contender import contenders
from litclf.inference.compare.pairs import Counts, NoPair, Pair, compare_pairs, count
from litclf.utilities.statistics import holm


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_samples_are_counted_one_by_one(samples):
    first, second = (np.array(column) for column in zip(*samples, strict=True))
    expected = [samples.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))]
    assert list(count(first, second)) == expected


def test_the_verdict_names_the_better_one_where_there_is_one():
    apart = Pair("a", "b", Counts(50, 1, 20, 4), 0.001)
    assert apart.verdict == "The difference is larger than chance explains (p = 0.001): b is the better one."
    assert Pair("a", "b", Counts(50, 9, 1, 4), 0.04).verdict.endswith("a is the better one.")
    assert (
        Pair("a", "b", Counts(50, 9, 1, 4), 0.06).verdict == "These test samples do not tell the two apart (p = 0.06)."
    )


def test_every_pair_is_compared_and_adjusted_for_the_others(contend):
    relu, linear, noisy = contend("relu", "linear", "noisy")
    pairs = compare_pairs([relu, linear, noisy])
    assert [(pair.first, pair.second) for pair in pairs] == [
        ("relu/version_0", "linear/version_0"),
        ("relu/version_0", "noisy/version_0"),
        ("linear/version_0", "noisy/version_0"),
    ]
    assert pairs[0].counts == count(relu.test.right, linear.test.right)
    assert pairs[0].counts.both + pairs[0].counts.only_first == relu.test.right.sum()
    # The only pair with a p-value: nothing to adjust for.
    assert pairs[0].adjusted == pairs[0].counts.p_value < 1e-3


def test_the_same_run_from_two_checkpoints_is_adjusted_by_holm(folders):
    last = folders["linear"] / "checkpoints" / "last.ckpt"
    pairs = compare_pairs(contenders([folders["relu"], folders["linear"], last]))
    assert [pair.adjusted for pair in pairs] == holm([pair.counts.p_value for pair in pairs])


def test_other_test_samples_are_refused_a_p_value(contend):
    (pair,) = compare_pairs(contend("relu", "noisy"))
    reason = "No p-value: the two were tested on different samples (data.noise is 0.03 and 0.1)."
    assert pair == NoPair("relu/version_0", "noisy/version_0", reason)


def test_other_data_are_refused_a_p_value(contend):
    (pair,) = compare_pairs(contend("relu", "blobs"))
    assert pair.reason.endswith("different samples (data is CirclesDataModule and BlobsDataModule).")


def test_what_is_no_classifier_is_refused_a_p_value(contend):
    (pair,) = compare_pairs(contend("relu", "image"))
    assert pair.reason == "No p-value: image/version_0 is no classifier with a test split."
