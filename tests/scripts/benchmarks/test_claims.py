import pytest


@pytest.fixture
def claims(load):
    return load("benchmarks", "claims")


def test_the_exponent_of_seconds_that_grow_with_the_square_of_the_samples_is_two(claims):
    rows = [{"samples": n, "seconds": 3e-6 * n**2} for n in (10, 100, 1000)]
    assert claims.exponent(rows) == pytest.approx(2)


@pytest.mark.parametrize(("a", "b", "same"), [(0.041821, 0.041824, True), (0.04182, 0.04185, False)])
def test_losses_are_compared_by_their_first_four_digits(a, b, same, claims):
    assert claims.same_digits(a, b) is same


@pytest.mark.slow
def test_agreement_fits_each_job_with_both_engines(claims, load):
    job = load("benchmarks", "contenders").jobs(None)["circles"]
    claim = claims.agreement({"circles": job})
    assert [row["engine"] for row in claim.rows] == ["kernel", "eager"]
    assert all(claim.verdicts.values())


@pytest.mark.slow
def test_growth_tells_sizes_apart(claims):
    claim = claims.growth(sizes=(100, 200), rounds=1)
    assert [row["samples"] for row in claim.rows] == [100, 200]


@pytest.mark.slow
def test_parallel_waits_for_every_process(claims):
    row = claims.parallel(processes=2).rows[0]
    assert row["ratio"] == pytest.approx(row["seconds"] / row["seconds of one alone"])
