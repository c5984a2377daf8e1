import json


def test_it_measures_one_size(start, capsys):
    assert start("benchmarks/growth.py", 250) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["samples"] == 250
    assert figures["data_mib"] == 250 * (20 * 4 + 8) / 2**20
    assert figures["seconds"] > 0
