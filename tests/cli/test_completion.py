"""What the tabulator offers, by the function and in the shells themselves."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from litclf.cli.completion import completed
from litclf.cli.documented import arguments_documented
from litclf.cli.main import COMMANDS, main
from litclf.cli.presets import presets
from litclf.cli.short_names import SHORT_NAMES

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([""], [command.name for command in COMMANDS]),
        (["re"], ["resume", "report"]),
        (["fit", "-c", ""], list(presets())),
        (["fit", "-c=circles-"], ["-c=circles-linear"]),
        (["fit", "--config", "=", "circles-"], ["circles-linear"]),
        (["cv", "mnist-"], ["mnist-cnn", "mnist-tuned"]),
        (["compare", "--presets", "circles-"], ["circles-linear"]),
        (["fit", "--model", "Bin"], ["BinaryClassifier"]),
        (["fit", "--data", "Tab"], ["TableDataModule"]),
        (["fit", "--epo"], ["--epochs"]),
        (["fit", "-c", "circles", "--data.n"], ["--data.num_samples", "--data.noise"]),
        (["fit", "-c", "circles", "--model.lr_schedule", "co"], ["cosine", "coslog4"]),
        (["fit", "-c", "circles", "--model.lr_schedule=cosi"], ["--model.lr_schedule=cosine"]),
        (["fit", "--pictures", ""], ["true", "false"]),
        (["fit", "--vary", "w"], ["weights"]),
        (["fit", "--trainer.max_e"], ["--trainer.max_epochs"]),
        (["predict", "--in"], ["--input"]),
        (["validate", "--ck"], ["--ckpt_path"]),
        (["test", "--in"], ["--input"]),
        (["predict", "--ck"], ["--ckpt_path"]),
        (["fit", "-c", "nowhere.yaml", "--ep"], ["--epochs"]),
        (["nonsense", ""], []),
        (["fit", "--lr", ""], []),
    ],
    ids=lambda value: " ".join(value) if len(value) < 5 else "all",
)
def test_the_last_word_may_become(words, found):
    assert completed(words) == found


def test_every_setting_of_the_preset_at_hand_is_offered():
    found = set(completed(["fit", "-c", "blobs", "--"]))
    assert {f"--model.{one.name}" for one in arguments_documented("MulticlassClassifier")} <= found
    assert {f"--data.{one.name}" for one in arguments_documented("BlobsDataModule")} <= found
    assert {*SHORT_NAMES, "--name", "--members", "--help-all"} <= found
    assert "--data.noise" not in found


def test_runs_are_offered_and_the_best_of_several():
    for path in ("circles/version_0", "circles/version_1", "blobs/version_0"):
        Path("lightning_logs", path).mkdir(parents=True)
    circles = [f"lightning_logs/circles{end}" for end in ("", "/best", "/version_0", "/version_1")]
    assert completed(["resume", "lightning_logs/c"]) == circles
    assert completed(["test", "--ckpt_path", "lightning_logs/b"]) == [
        "lightning_logs/blobs",
        "lightning_logs/blobs/version_0",
    ]


def test_own_configs_are_offered_beside_presets():
    Path("circles-mine.yaml").touch()
    assert completed(["fit", "-c", "circles-"]) == ["circles-linear", "circles-mine.yaml"]


def test_another_shell_is_refused(error_line):
    assert "invalid choice" in error_line("completion", "tcsh")


@pytest.fixture
def shell_env(tmp_path):
    """An environment in which ``litclf`` is this one."""
    program = tmp_path / "bin" / "litclf"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m litclf "$@"\n')
    program.chmod(0o755)
    return os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}


def run(env, *words):
    if not shutil.which(words[0]):
        pytest.skip(f"needs {words[0]}")
    return subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout.split()


def test_bash_completes(shell_env):
    script = 'eval "$(litclf completion bash)"; COMP_WORDS=(litclf fit -c circles-); COMP_CWORD=3; _litclf; '
    assert run(shell_env, "bash", "-c", script + 'echo "${COMPREPLY[@]}"') == ["circles-linear"]
    script += "COMP_WORDS=(litclf fit -c circles ''); COMP_CWORD=4; _litclf; complete -p litclf"
    assert run(shell_env, "bash", "-c", script)[-2:] == ["_litclf", "litclf"]


def test_fish_completes(shell_env):
    assert run(shell_env, "fish", "-c", 'litclf completion fish | source; complete -C "litclf fit -c circles-"') == [
        "circles-linear"
    ]


@pytest.mark.slow  # some seconds: a shell on a terminal of its own
def test_zsh_completes(shell_env):
    if not shutil.which("zsh"):
        pytest.skip("needs zsh")
    process, terminal = pty.fork()
    if not process:
        os.execvpe("zsh", ["zsh", "-f", "-i"], shell_env)
    try:
        os.write(terminal, b'autoload -U compinit; compinit -u; eval "$(litclf completion zsh)"; echo rea""dy\n')
        assert "ready" in shown(terminal, "ready")
        os.write(terminal, b"litclf fit -c circles-l\t")
        assert "circles-linear" in shown(terminal, "circles-linear")
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def shown(terminal, text, seconds=20):
    """What a terminal shows until there is ``text``."""
    found, end = "", time.monotonic() + seconds
    while text not in found and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            found += os.read(terminal, 4096).decode(errors="replace")
    return found


def test_it_is_printed_without_pytorch(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["completion", "bash"]) == 0
    assert "complete -o default -F _litclf litclf" in capsys.readouterr().out
    assert completed(["fit", "-c", "circles", "--model.lr"])
