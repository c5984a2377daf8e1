import json

import pytest


def test_contenders_stand_in_columns_and_partial_runs_are_told(load):
    own = {"median_seconds": 1.0, "seconds": [1.0, 1.5], "cold_seconds": 2.0, "steps_per_second": 10.0, "loss": 0.25}
    own |= {"samples_per_second": 100.0, "ratio": 1.0, "ratios": [1.0, 1.0], "ran_passes": 2}
    own |= {"memory_before_mib": 100.0, "memory_peak_mib": 130.0}
    result = {"steps": 10, "passes": 2, "samples": 50, "floor_seconds": 0.01}
    result["contenders"] = {"litclf": own, "Lightning": own | {"ran_passes": 1}}
    lines = load("benchmarks", "benchmark").table("circles", result).splitlines()[2:]
    assert len({line.rindex("30") for line in lines[1:3]}) == 1
    assert [line.split()[0] for line in lines] == ["contender", "litclf", "Lightning", "*"]
    assert "0.25000*" in lines[2]
    assert "ran 1 of 2 passes" in lines[3]


@pytest.mark.slow
def test_it_writes_its_record_and_its_chart(start, tmp_path):
    args = ["--jobs", "centroids", "--rounds", "1", "--claims", "agreement", "--output", tmp_path]
    assert start("benchmarks/benchmark.py", *args) == 0
    record = json.loads((tmp_path / "benchmark.json").read_text())
    assert list(record["jobs"]) == ["centroids"]
    assert list(record["claims"]) == ["agreement"]
    assert (tmp_path / "benchmark.png").read_bytes().startswith(b"\x89PNG")
