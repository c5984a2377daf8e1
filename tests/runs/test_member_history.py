import numpy as np
import pytest

from litclf.runs.read import read_folder
from litclf.utilities.errors import InputError


def test_members_are_read_in_the_order_of_their_seeds_with_gaps_where_nothing_was_measured(make_run):
    folder = make_run()
    assert read_folder(folder).members is None
    (folder / "members.csv").write_text("seed,best_epoch,test/loss\n7,2,0.5\n8,,\n")
    (folder / "member_curves.csv").write_text(
        "step,epoch,seed,train/loss,val/loss\n9,0,7,1.5,\n9,0,8,1.25,\n19,1,7,0.5,0.75\n19,1,8,,\n"
    )
    members = read_folder(folder).members
    assert members.seeds == [7, 8]
    assert members.values("test/loss") == pytest.approx([0.5, np.nan], nan_ok=True)
    for key, steps, expected in (
        ("train/loss", [9, 19], [[1.5, 1.25], [0.5, np.nan]]),
        ("val/loss", [19], [[0.75, np.nan]]),
        ("val/f1", [], np.empty((0, 2))),
    ):
        found, values = members.curve(key)
        assert found == steps
        assert np.array_equal(values, expected, equal_nan=True)


def test_a_damaged_table_is_told(make_run):
    folder = make_run()
    (folder / "members.csv").write_text("seed,test/loss\n7,half\n")
    with pytest.raises(InputError, match=r"members\.csv: is no table of numbers"):
        read_folder(folder)
