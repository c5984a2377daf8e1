import pytest

from litclf.utilities.errors import nearest


@pytest.mark.parametrize(
    ("value", "names", "expected"),
    [
        ("y", ["x", "Y"], "Y"),
        ("y", ["year", " y "], " y "),
        ("blood pressure", ["blood", "Blood_Pressure"], "Blood_Pressure"),
        ("class", ["\ufeffClass"], "\ufeffClass"),
        ("한글", ["한글"], "한글"),
        ("cirlces", ["circles", "blobs"], "circles"),
        ("bl", ["circles", "blobs"], "blobs"),
        ("y", ["x"], None),
    ],
)
def test_what_looks_the_same_comes_before_what_is_like_it(value, names, expected):
    assert nearest(value, names) == expected
