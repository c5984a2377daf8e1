import pytest

from litclf.utilities.checks import not_negative, one_of, positive, share
from litclf.utilities.errors import InputError, nearest

NAN, INF = float("nan"), float("inf")


def test_error_is_one_line_of_place_rule_and_way_out():
    error = InputError("lr", "must be positive, got -1", "pass 0.1")
    assert str(error) == "lr: must be positive, got -1; fix: pass 0.1"
    assert (error.where, error.what, error.fix) == ("lr", "must be positive, got -1", "pass 0.1")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        *((lambda value: positive("it", value, 1), bad) for bad in (0, -1, NAN, INF)),
        *((lambda value: not_negative("it", value), bad) for bad in (-1e-9, NAN, INF)),
        *((lambda value: share("it", value), bad) for bad in (-0.1, 1, 1.5, NAN)),
    ],
)
def test_number_out_of_range_is_refused_with_its_name_and_value(check, bad):
    with pytest.raises(InputError, match=rf"^it: must be .*, got {bad}; fix: "):
        check(bad)


def test_numbers_in_range_pass():
    positive("it", 1e-9, 1)
    not_negative("it", 0)
    share("it", 0)
    share("it", 0.999)


def test_wrong_name_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"^it: must be one of sgd, adam, got 'adm'; fix: did you mean adam\?$"):
        one_of("it", "adm", ["sgd", "adam"])
    one_of("it", "sgd", iter(["sgd", "adam"]))


def test_name_like_none_is_refused_with_the_first():
    with pytest.raises(InputError, match=r"fix: pass sgd$"):
        one_of("it", "zzzzzz", ["sgd", "adam"])


def test_unknown_argument_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"^fit: has no argument max_epoch; fix: did you mean max_epochs\?$"):
        raise InputError.unknown("fit", "max_epoch", ["max_steps", "max_epochs"])
    with pytest.raises(InputError, match=r"fix: see its documentation$"):
        raise InputError.unknown("fit", "zzzzzz", ["max_steps", "max_epochs"])


@pytest.mark.parametrize(
    ("value", "names", "expected"),
    [
        ("cirlces", ["circles", "blobs"], "circles"),
        ("circ", ["circles-linear", "circles"], "circles"),
        ("qqqq", ["circles", "blobs"], None),
        ("circles", [], None),
    ],
)
def test_nearest_prefers_the_shortest_completion_then_the_closest_spelling(value, names, expected):
    assert nearest(value, names) == expected
