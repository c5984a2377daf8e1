import pytest


def test_a_claim_is_reported_with_its_figures_and_whether_it_was_met(load):
    rows = [{"fit": "one", "seconds": 1.25}, {"fit": "another", "seconds": 2.0, "ratio": 1.6}]
    claim = load("benchmarks", "claim")
    text = claim.report("speed", claim.Claim("by fit", rows, {"as fast": True, "faster": False}))
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["speed:", "by", "fit"],
        ["fit", "seconds", "ratio"],
        ["one", "1.2500"],
        ["another", "2.0000", "1.6000"],
        ["met", "as", "fast"],
        ["MISSED", "faster"],
    ]


@pytest.mark.slow
def test_a_fit_that_is_timed_to_its_first_steps_ends_there(load):
    claim = load("benchmarks", "claim")
    own = ["--trainer.callbacks+=first_step.FirstStep", "--allow_classes", "first_step"]
    done = claim.ended([*claim.LITCLF, "fit", "-c", "circles", *own])
    assert done.begin < float(done.output.split()[-1]) <= done.end
    assert "report.html" not in done.output
