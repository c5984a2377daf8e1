from hypothesis import given
from hypothesis import strategies as st

from litclf.data.loading.plan import Plan, Position

SIZES = {
    "steps": st.integers(1, 60),
    "most": st.integers(1, 70),
    "periods": st.lists(st.integers(0, 40), max_size=3),
}


def ends(plan, epoch):
    """Where executions end, counted over the fit."""
    return {epoch * plan.steps_per_epoch + end for _, end in plan.executions(epoch)}


@given(**SIZES, epoch=st.integers(0, 30))
def test_every_epoch_is_tiled_by_the_same_number_of_executions_of_at_most_k_steps(steps, most, periods, epoch):
    plan = Plan(steps, most, periods)
    executions = plan.executions(epoch)
    assert len(executions) == plan.num_executions
    assert [step for first, end in executions for step in range(first, end)] == list(range(steps))
    assert all(1 <= end - first <= most for first, end in executions)


@given(**SIZES, epoch=st.integers(0, 30))
def test_every_multiple_of_a_period_ends_an_execution(steps, most, periods, epoch):
    plan = Plan(steps, most, periods)
    due = {
        step
        for step in range(epoch * steps + 1, (epoch + 1) * steps + 1)
        for period in periods
        if period and step % period == 0
    }
    assert due <= ends(plan, epoch)


@given(**SIZES, max_steps=st.integers(1, 300))
def test_the_last_step_of_the_fit_ends_an_execution_that_the_trainer_reaches(steps, most, periods, max_steps):
    plan = Plan(steps, most, periods, max_steps)
    epoch = (max_steps - 1) // steps
    reached = [end for _, end in plan.executions(epoch)][: plan.num_executions]
    assert max_steps - epoch * steps in reached
    assert plan.last_step(epoch) == max_steps - epoch * steps
    assert (plan.last_step(epoch + 1), Plan(steps, most).last_step(epoch)) == (0, steps)


def test_without_periods_there_are_no_more_executions_than_needed():
    assert Plan(10, 4).executions(0) == [(0, 3), (3, 6), (6, 10)]
    assert Plan(100, 100, [100]).num_executions == 1


@given(**SIZES, other=st.integers(1, 70), epoch=st.integers(0, 5), data=st.data())
def test_a_resumed_epoch_goes_on_where_it_stopped_whatever_k_and_adds_up_to_what_the_trainer_counts(
    steps, most, periods, other, epoch, data
):
    before = Plan(steps, most, periods)
    done = data.draw(st.integers(0, before.num_executions))
    end = before.executions(epoch)[done - 1][1] if done else 0
    after = Plan(steps, other, periods, start=Position(epoch, end))
    rest = after.executions(epoch)
    assert [step for first, last in rest for step in range(first, last)] == list(range(end, steps))
    assert all(1 <= last - first <= other for first, last in rest)
    assert after.done + len(rest) == after.num_executions == len(after.executions(epoch + 1))


@given(**SIZES, epoch=st.integers(0, 5), data=st.data())
def test_with_the_same_k_the_rest_is_cut_as_it_was(steps, most, periods, epoch, data):
    whole = Plan(steps, most, periods)
    done = data.draw(st.integers(1, whole.num_executions))
    resumed = Plan(steps, most, periods, start=Position(epoch, whole.executions(epoch)[done - 1][1]))
    assert resumed.executions(epoch) == whole.executions(epoch)[done:]
    assert resumed.done == done
