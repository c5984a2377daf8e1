import re
from pathlib import Path

from litclf.__main__ import main

README = Path(__file__).parents[1] / "README.md"


def test_the_commands_of_the_readme_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["litclf"])
    import shlex

    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    start = shlex.split(blocks[0].splitlines()[0].split("&&")[-1])[1:]
    commands = [start] + [shlex.split(line)[1:] for line in blocks[1].splitlines()]
    assert len(commands) == 6
    for command in commands:
        assert main(command) == 0, command


def test_the_script_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    exec(compile(script.group(1), "README.md", "exec"), {})
    accuracy, folder = capsys.readouterr().out.splitlines()[-1].split()
    assert float(accuracy) >= 0.99
    assert folder == "lightning_logs/circles/version_0"
