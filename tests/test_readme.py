import re
import shlex
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_iris

from litclf.__main__ import main

README = Path(__file__).parents[1] / "README.md"


def test_the_commands_of_the_readme_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["litclf"])
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    start = shlex.split(blocks[0].splitlines()[0].split("&&")[-1])[1:]
    commands = [start] + [shlex.split(line)[1:] for line in blocks[1].splitlines()]
    assert len(commands) == 6
    for command in commands:
        assert main(command) == 0, command


def test_the_commands_for_ones_own_data_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["litclf"])
    flowers = load_iris(as_frame=True)
    flowers.frame["species"] = flowers.target_names[flowers.frame.pop("target")]
    flowers.frame.to_csv("flowers.csv", index=False)
    section = README.read_text().split("## Your own data")[1]
    of_files, of_runs = (block.splitlines() for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[:2])
    assert main(["fit", "-c", "circles"]) == 0
    assert of_runs.pop().split()[:2] == [".venv/bin/litclf", "serve"]  # which answers until it is stopped
    for line in [*of_files, *of_runs]:
        assert main(shlex.split(line)[1:]) == 0, line
    predicted = pd.read_csv("predicted.csv")
    assert (predicted["species"] == predicted["predicted"]).mean() > 0.9


def test_the_script_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    exec(compile(script.group(1), "README.md", "exec"), {})
    accuracy, folder = capsys.readouterr().out.splitlines()[-1].split()
    assert float(accuracy) >= 0.99
    assert folder == "lightning_logs/circles/version_0"
