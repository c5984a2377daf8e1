import pytest


@pytest.fixture
def members(load):
    return load("benchmarks", "members")


@pytest.mark.slow
def test_what_members_cost_stands_beside_one_fit(members, load, monkeypatch):
    for name in ("SEEDS", "FOLDS"):
        monkeypatch.setattr(members, name, 3)
    jobs = load("benchmarks", "contenders").jobs(None)
    claim = members.members({name: jobs[name] for name in ("circles", "centroids")}, rounds=1)
    assert len(claim.rows) == len(claim.verdicts)
    for row in claim.rows:
        one, other = ("seconds", "its seconds") if "seconds" in row else ("MiB", "its MiB")
        assert row["ratio"] == pytest.approx(row[one] / row[other])
    assert [row["ratio"] > 1 for row in claim.rows[3:5]] == [True, True]
