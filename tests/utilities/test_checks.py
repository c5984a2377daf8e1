import re

import numpy as np
import pytest

from litclf.utilities.checks import not_negative, one_of, positive, share, sizes, whole
from litclf.utilities.errors import InputError, nearest

NAN, INF = float("nan"), float("inf")


def share_it(value):
    share("it", value)


def whole_it(value):
    whole("it", value, 0, example=1)


def test_error_is_one_line_of_place_rule_and_way_out():
    error = InputError("lr", "must be positive, got -1", "pass 0.1")
    assert str(error) == "lr: must be positive, got -1; fix: pass 0.1"
    assert (error.where, error.what, error.fix) == ("lr", "must be positive, got -1", "pass 0.1")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        *((lambda value: positive("it", value, 0.1), bad) for bad in (0, -1, NAN, INF)),
        *((lambda value: not_negative("it", value, 0.1), bad) for bad in (-1e-9, NAN, INF)),
        *((lambda value: share("it", value), bad) for bad in (-0.1, 1, 1.5, NAN)),
    ],
)
def test_number_out_of_range_is_refused_with_its_name_and_value(check, bad):
    with pytest.raises(InputError, match=rf"^it: must be .*, got {bad}; fix: "):
        check(bad)


@pytest.mark.parametrize("bad", [None, "1", [1], True])
@pytest.mark.parametrize("check", [lambda x: positive("it", x, 0.1), lambda x: not_negative("it", x, 0.1), share_it])
def test_what_is_no_number_is_refused(check, bad):
    with pytest.raises(InputError, match=rf"^it: must be a number, got {re.escape(repr(bad))}; fix: pass a value such"):
        check(bad)


@pytest.mark.parametrize("bad", [None, "1", 1.5, NAN, False])
@pytest.mark.parametrize("check", [lambda x: positive("it", x, 1), lambda x: not_negative("it", x, 1), whole_it])
def test_what_is_no_whole_number_is_refused_where_one_is_wanted(check, bad):
    with pytest.raises(InputError, match=rf"^it: must be a whole number.*, got {bad!r}; fix: pass a value such as 1$"):
        check(bad)


@pytest.mark.parametrize("bad", [None, "10", 10, [1.5], ["a"], [0]])
def test_what_is_no_list_of_sizes_is_refused(bad):
    with pytest.raises(InputError, match=r"^it: must be (a list of whole numbers|a whole number|positive), got "):
        sizes("it", bad, 10)


def test_numbers_in_range_pass():
    positive("it", 1e-9, 0.1)
    positive("it", np.int64(3), 1)
    not_negative("it", 0, 0.1)
    whole("it", 3, 3, 4, example=3)
    sizes("it", (), 10)
    sizes("it", [1, 2], 10)
    share("it", 0)
    share("it", 0.999)


def test_wrong_name_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"^it: must be one of sgd, adam, got 'adm'; fix: did you mean adam\?$"):
        one_of("it", "adm", ["sgd", "adam"])
    with pytest.raises(InputError, match=r"^it: must be one of sgd, adam, got None; fix: pass sgd$"):
        one_of("it", None, ["sgd", "adam"])
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
