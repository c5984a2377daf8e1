import pytest


@pytest.fixture
def epochs(load):
    return load("benchmarks", "epochs")


@pytest.mark.slow
def test_circles_in_more_epochs_are_the_same_steps(epochs, load):
    jobs = load("benchmarks", "contenders").jobs(None)
    assert {number * steps for number, steps, _ in epochs.LENGTHS} == {2000}
    claim = epochs.epochs(jobs, rounds=1)
    fits = [("circles", 4), ("circles", 20), ("circles", 100), ("centroids", 10)]
    assert [row["fit"] for row in claim.rows[:4]] == [f"{name} in {number} epochs" for name, number in fits]
    assert all(row["ms an epoch"] > 0 for row in claim.rows[4:])


@pytest.mark.slow
def test_the_newcomers_lines_stand_beside_the_best_of_the_lengths(epochs):
    rows = epochs.newcomer({}, rounds=1, lengths=(25,)).rows
    assert rows[1]["ratio"] == 1
    assert rows[0]["ratio"] == pytest.approx(rows[0]["seconds"] / rows[1]["seconds"])
