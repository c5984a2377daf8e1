"""What the tests of the command line share: an empty folder to be in, a run, and the one line of a refusal."""

import pytest

from litclf.cli.main import main


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The run folder of a short fit of two epochs, which tests may evaluate but not train any further."""
    root = tmp_path_factory.mktemp("trained")
    short = ["--trainer.max_epochs", "2", "--data.repeat", "50", "--pictures", "false"]
    assert main(["fit", "-c", "circles", *short, "--trainer.default_root_dir", str(root)]) == 0
    return root / "lightning_logs" / "circles" / "version_0"


@pytest.fixture
def error_line(capsys):
    """Runs a wrong command; returns the one line that it prints, behind ``error:``."""

    def error_line(*args, code=2):
        assert main([str(arg) for arg in args]) == code
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        assert "; fix: " in lines[0]
        return lines[0]

    return error_line
