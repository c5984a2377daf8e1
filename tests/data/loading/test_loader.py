import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from litclf.data.loading.loader import EvalLoader, TrainLoader
from litclf.data.loading.order import PassOrder
from litclf.data.loading.plan import Plan, Position
from litclf.engines.execution import Execution

SEED = 5
SIZES = {
    "samples": st.integers(1, 30),
    "batch": st.integers(1, 12),
    "repeat": st.integers(1, 4),
    "periods": st.lists(st.integers(1, 20), max_size=2),
}
K = st.integers(1, 40)


def make(samples, batch, repeat, most, periods=(), max_steps=-1, start=None, **augmentation):
    x = torch.arange(samples, dtype=torch.float32).reshape(-1, 1)
    order = PassOrder(samples, batch, SEED)
    plan = Plan(order.steps_per_pass * repeat, most, periods, max_steps, start)
    return TrainLoader(x, torch.arange(samples), order, plan, prepare=lambda stored: stored * 2, **augmentation)


def mini_batches(loader):
    """The samples of each mini-batch; checks that inputs and targets belong together."""
    found = []
    for batch in loader:
        pairs = batch.batches() if isinstance(batch, Execution) else [batch]
        for x, y in pairs:
            assert torch.equal(x.flatten(), y * 2.0)
            found.append(y.tolist())
    return found


def walked_by_hand(samples, batch, passes):
    found = []
    for number in passes:
        rows = np.random.default_rng((SEED, number, 0)).permutation(samples).tolist()
        rows = rows if batch < samples else list(range(samples))
        found += [rows[start : start + batch] for start in range(0, samples, batch)]
    return found


@given(**SIZES, most=K)
def test_mini_batches_are_those_of_a_plain_loop_whatever_k(samples, batch, repeat, periods, most):
    loader = make(samples, batch, repeat, most, periods)
    for epoch in range(3):
        loader.set_epoch(epoch)
        passes = range(epoch * repeat, (epoch + 1) * repeat)
        assert mini_batches(loader) == walked_by_hand(samples, batch, passes)


@given(**SIZES, most=K)
def test_the_trainer_gets_as_many_batches_as_the_length_says(samples, batch, repeat, periods, most):
    loader = make(samples, batch, repeat, most, periods)
    assert [len(list(loader)), len(list(loader))] == [len(loader)] * 2


@given(
    st.integers(1, 25), st.integers(1, 6), st.integers(2, 4), st.integers(0, 3), st.integers(0, 9), st.integers(1, 9)
)
def test_steps_of_one_of_several_processes_take_its_rows(samples, batch, world, rank, first, number):
    world = min(world, samples)
    order = PassOrder(samples, batch, SEED, rank % world, world)
    plan = Plan(order.steps_per_pass * 20, 100)
    loader = TrainLoader(torch.arange(samples)[:, None], torch.arange(samples), order, plan)
    execution = loader.gather(first, first + number, counted_from=first + 1)
    walked = [divmod(step, order.steps_per_pass) for step in range(first, first + number)]
    own = [order.rows(passed)[slice(*order.bounds(step))].tolist() for passed, step in walked]
    assert [y.tolist() for _, y in execution.batches()] == own
    assert [execution.steps.share(step) for step in range(number)] == [order.share(step) for _, step in walked]
    assert execution.steps.counted_from == 1


def test_an_iteration_goes_on_to_the_next_epoch_and_set_epoch_chooses_one():
    loader = make(10, 3, 2, 3)
    first, second = mini_batches(loader), mini_batches(loader)
    assert first != second
    loader.set_epoch(1)
    assert mini_batches(loader) == second
    loader.set_epoch(0)
    assert mini_batches(loader) == first
    assert loader.sampler.set_epoch == loader.set_epoch


def test_k_of_1_yields_plain_pairs_and_more_yields_executions():
    assert all(type(batch) is tuple and len(batch) == 2 for batch in make(10, 3, 1, 1))
    assert all(type(batch) is Execution for batch in make(10, 3, 1, 2))


def test_a_full_batch_is_never_copied():
    loader = make(10, 10, 5, 5)
    execution = next(iter(loader))
    assert execution.y is loader.y
    assert execution.steps.rows.tolist() == [[0, 10]] * 5


@given(**SIZES, most=K, other=K, data=st.data())
def test_a_resumed_fit_goes_on_with_the_very_next_mini_batch(samples, batch, repeat, periods, most, other, data):
    loader = make(samples, batch, repeat, most, periods)
    loader.set_epoch(2)
    walk = iter(loader)
    for _ in range(data.draw(st.integers(1, len(loader)))):
        next(walk)
    resumed = make(samples, batch, repeat, other, periods, start=loader.position)
    resumed.load_state_dict(loader.state_dict())
    resumed.set_epoch(2)
    assert (
        mini_batches(resumed) == walked_by_hand(samples, batch, range(2 * repeat, 3 * repeat))[loader.position.steps :]
    )
    resumed.set_epoch(3)
    assert mini_batches(resumed) == walked_by_hand(samples, batch, range(3 * repeat, 4 * repeat))


def test_the_position_counts_what_was_handed_out():
    loader = make(10, 2, 2, 4)
    assert loader.position == Position(0, 0)
    walk = iter(loader)
    next(walk), next(walk)
    assert loader.position == Position(0, loader.plan.executions(0)[1][1])
    list(walk)
    assert loader.position == Position(1, 0)


@given(**SIZES, most=st.integers(2, 40))
def test_exactly_the_last_pass_counts(samples, batch, repeat, periods, most):
    loader = make(samples, batch, repeat, most, periods)
    counted = [number >= e.steps.counted_from for e in loader for number in range(len(e.steps))]
    steps = loader.order.steps_per_pass
    assert counted == [False] * (steps * repeat - steps) + [True] * steps


@given(**SIZES, most=st.integers(2, 40), data=st.data())
def test_where_the_fit_ends_in_an_epoch_the_pass_before_its_end_counts(samples, batch, repeat, periods, most, data):
    steps = -(-samples // batch) * repeat
    max_steps = data.draw(st.integers(1, steps))
    loader = make(samples, batch, repeat, most, periods, max_steps)
    counted = [number >= e.steps.counted_from for e in loader for number in range(len(e.steps))][:max_steps]
    last = min(loader.order.steps_per_pass, max_steps)
    assert counted == [False] * (max_steps - last) + [True] * last


def draw(stream, samples):
    return torch.from_numpy(stream.random((samples, 1), dtype=np.float32))


@given(**SIZES, most=K)
def test_augmentation_is_a_draw_for_each_sample_and_pass_whatever_k(samples, batch, repeat, periods, most):
    loader = make(samples, batch, repeat, most, periods, augment=lambda x, draws: x + draws, draw=draw)
    loader.set_epoch(1)
    given_out = []
    for item in loader:
        given_out += list(item.batches()) if isinstance(item, Execution) else [item]
    expected = []
    for number in range(repeat, 2 * repeat):
        noise = np.random.default_rng((SEED, number, 1)).random((samples, 1), dtype=np.float32)
        for rows in walked_by_hand(samples, batch, [number]):
            expected.append([row * 2 + noise[row, 0] for row in rows])
    assert [x.flatten().tolist() for x, _ in given_out] == expected


def test_ranks_walk_their_share_of_each_step():
    x, y = torch.zeros(10, 1), torch.arange(10)
    shares = []
    for rank in (0, 1):
        order = PassOrder(10, 2, SEED, rank, 2)
        shares.append([y.tolist() for _, y in TrainLoader(x, y, order, Plan(order.steps_per_pass, 1))])
    alone = walked_by_hand(10, 4, [0])
    assert [sorted(a + b) for a, b in zip(*shares, strict=True)] == [sorted(rows) for rows in alone]


@given(st.integers(1, 40), st.integers(1, 20), st.integers(1, 4))
def test_evaluation_walks_every_sample_once_in_equally_many_batches_on_each_rank(samples, batch, world):
    x, y = torch.arange(samples, dtype=torch.float32).reshape(-1, 1), torch.arange(samples)
    loaders = [EvalLoader(x, y, batch, lambda stored: stored + 1, rank, world) for rank in range(world)]
    walked = [list(loader) for loader in loaders]
    assert {len(batches) for batches in walked} == {len(loaders[0])}
    pairs = [pair for batches in walked for pair in batches]
    assert sorted(torch.cat([y for _, y in pairs]).tolist()) == list(range(samples))
    assert all(len(y) <= batch and torch.equal(x.flatten(), y + 1.0) for x, y in pairs)


def test_evaluation_keeps_the_order_and_copies_nothing():
    x, y = torch.zeros(5, 1), torch.arange(5)
    batches = list(EvalLoader(x, y, 2))
    assert [batch.tolist() for _, batch in batches] == [[0, 1], [2, 3], [4]]
    assert batches[0][1].data_ptr() == y.data_ptr()


@pytest.mark.parametrize("most", [1, 4])
def test_inputs_are_prepared_once_a_batch_handed_out(most):
    calls = []
    order = PassOrder(8, 2, SEED)
    loader = TrainLoader(
        torch.zeros(8, 1), torch.arange(8), order, Plan(4, most), prepare=lambda x: calls.append(len(x)) or x
    )
    assert [len(list(loader)), len(calls), sum(calls)] == [len(loader), len(loader), 8]
