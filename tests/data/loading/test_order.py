import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from litclf.data.loading.order import PassOrder

SAMPLES, BATCH, SEED, PASS = st.integers(1, 50), st.integers(1, 60), st.integers(0, 2**32), st.integers(0, 10**6)


@given(SAMPLES, BATCH, SEED, PASS)
def test_every_pass_takes_every_sample_once(samples, batch, seed, number):
    order = PassOrder(samples, batch, seed)
    assert sorted(order.rows(number)) == list(range(samples))


@given(SAMPLES, BATCH, SEED, st.lists(PASS, min_size=1, max_size=5))
def test_a_pass_depends_on_seed_and_number_alone(samples, batch, seed, before):
    order = PassOrder(samples, batch, seed)
    for number in before:
        order.rows(number)
    fresh = PassOrder(samples, batch, seed)
    assert np.array_equal(order.rows(before[0]), fresh.rows(before[0]))
    if batch < samples:
        other = PassOrder(samples, samples - 1, seed)
        assert np.array_equal(order.rows(before[0]), other.rows(before[0]))


def test_passes_seeds_and_uses_differ():
    rows = [PassOrder(100, 10, seed).rows(number).tolist() for seed in (0, 1) for number in (0, 1)]
    assert len({tuple(row) for row in rows}) == 4
    order = PassOrder(100, 10, 0)
    assert order.stream(3).random() == order.stream(3).random() != order.stream(3, use=1).random()


@given(SAMPLES, BATCH)
def test_bounds_tile_the_pass_in_mini_batches(samples, batch):
    order = PassOrder(samples, batch, 0)
    bounds = [order.bounds(step) for step in range(order.steps_per_pass)]
    assert [row for start, end in bounds for row in range(start, end)] == list(range(samples))
    assert all(end - start == min(batch, samples) for start, end in bounds[:-1])
    assert 1 <= bounds[-1][1] - bounds[-1][0] <= batch


@given(SAMPLES, BATCH, st.integers(1, 5), PASS)
def test_ranks_share_each_step_of_one_process(samples, batch, world, number):
    world = min(world, samples)
    ranks = [PassOrder(samples, batch, 7, rank, world) for rank in range(world)]
    alone = PassOrder(samples, min(batch * world, samples), 7)
    assert {order.steps_per_pass for order in ranks} == {alone.steps_per_pass}
    for step in range(alone.steps_per_pass):
        together = alone.rows(number)[slice(*alone.bounds(step))].tolist()
        parts = [order.rows(number)[slice(*order.bounds(step))].tolist() for order in ranks]
        own = [part for order, part in zip(ranks, parts, strict=True) if order.share(step)]
        assert sorted(row for part in own for row in part) == sorted(together)
        # The mean over the processes of their means, by share, is the mean over the samples.
        mean = sum(order.share(step) * np.mean(part) for order, part in zip(ranks, parts, strict=True)) / world
        assert np.isclose(mean, np.mean(together))


@given(SAMPLES, st.integers(0, 10), PASS)
def test_full_batch_keeps_the_order_of_the_data(samples, more, number):
    order = PassOrder(samples, samples + more, 3)
    assert order.steps_per_pass == 1
    assert order.rows(number).tolist() == list(range(samples))
