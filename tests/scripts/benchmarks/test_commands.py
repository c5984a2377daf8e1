import pytest


@pytest.fixture
def commands(load):
    return load("benchmarks", "commands")


@pytest.mark.slow
def test_whole_commands_stand_beside_the_script_that_a_person_writes(commands):
    claim = commands.commands(rounds=1)
    first, *others = claim.rows
    assert first["command"] == "by hand"
    assert [row["ratio"] for row in others] == pytest.approx([row["median"] / first["median"] for row in others])
    assert len(claim.verdicts) == 2


def test_the_script_by_hand_lowers_its_loss_at_each_of_its_steps(load):
    by_hand = load("benchmarks", "circles_by_hand")
    x, x_test, y, y_test = by_hand.data()
    by_hand.torch.manual_seed(by_hand.SEED)
    network = by_hand.nn.Sequential(by_hand.nn.Linear(2, 4), by_hand.nn.ReLU(), by_hand.nn.Linear(4, 1))
    losses = by_hand.train(network, x, x_test, y, y_test)
    assert len(losses) == by_hand.STEPS
    assert losses[-1][0] < losses[0][0]
