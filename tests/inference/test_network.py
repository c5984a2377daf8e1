"""Networks of runs with members: which of them are taken, and what is refused in one wording."""

import pytest
import torch

from litclf import InputError, load
from litclf.runs.checkpoint_file import read, save


@pytest.fixture
def forge(members_run, tmp_path):
    """Writes the checkpoint of the members with changes to its content."""

    def forge(change):
        content = read(members_run.folder / "checkpoints" / "best.ckpt")
        change(content)
        save(content, tmp_path / "a.ckpt")
        return tmp_path / "a.ckpt"

    return forge


def diverge(*numbers):
    def change(content):
        content["members"]["diverged"] = dict.fromkeys(numbers, 10)
        for name, value in content["state_dict"].items():
            if any(name.startswith(f"network.members.{number}.") for number in numbers):
                value.zero_()

    return change


def test_a_member_that_diverged_is_in_no_mean_and_cannot_be_taken(forge, members_run):
    path, whole = forge(diverge(1)), load(members_run.folder, calibrated=False)
    model = load(path, calibrated=False)
    assert model.num_members == 3
    rows = torch.randn(9, 2)
    kept = [whole.network.members[number](rows).sigmoid() for number in (0, 2, 3)]
    torch.testing.assert_close(model.logits(rows).sigmoid(), torch.stack(kept).mean(0).flatten())
    torch.testing.assert_close(load(path, member=2).logits(rows), whole.network.members[2](rows).flatten())
    with pytest.raises(InputError, match=r"^member: 1 of .*a\.ckpt has diverged; fix: pass one of 0, 2, 3$"):
        load(path, member=1)
    with pytest.raises(InputError, match=r"all members of .* have diverged"):
        load(forge(diverge(0, 1, 2, 3)))


@pytest.mark.parametrize("number", [4, -1, True, 1.0, "1"])
def test_a_member_that_is_not_there_is_refused(members_run, number):
    with pytest.raises(InputError, match=rf"^member: must be a whole number in \[0, 4\), got {number!r}"):
        load(members_run.folder, member=number)


def test_one_network_has_no_member(circles_run):
    with pytest.raises(InputError, match=r"^member: .*best\.ckpt is of one network, without members; fix: drop it"):
        load(circles_run.folder, member=0)
