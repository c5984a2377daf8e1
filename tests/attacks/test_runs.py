"""Run folders of strangers, given to what reads them."""

import json

import pytest

COMMANDS = {
    "report": ("report",),
    "predict": ("predict", "--point", "1,2", "--ckpt_path"),
    "export": ("export", "--format", "state_dict", "--ckpt_path"),
}
TAG = "model: !!python/object/apply:os.system ['touch sentinel']\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_tags_in_a_config_do_nothing(attack, run, command):
    (run / "config.yaml").write_text(TAG)
    attack.harmless(*COMMANDS[command], run)


def test_tags_in_a_config_are_not_compared(refused_command, run):
    (run / "config.yaml").write_text(TAG)
    assert "config.yaml: cannot be read" in refused_command("compare", run, run)


@pytest.mark.parametrize("command", ["predict", "export"])
@pytest.mark.parametrize(
    "best", ["/etc/passwd", "../../../etc/passwd", "http://127.0.0.1:9/a.ckpt", {"class_path": "x"}]
)
def test_the_best_checkpoint_lies_in_the_run(attack, run, command, best):
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**metrics, "best": {"path": best}}))
    assert attack.harmless(*COMMANDS[command], run) == 0


def test_the_best_checkpoint_is_no_other_runs(attack, run, forge):
    forge(lambda content: content["hyper_parameters"].update(_instantiator="stranger.call"))
    elsewhere = attack.folder / "elsewhere.ckpt"
    (run / "checkpoints" / "best.ckpt").rename(elsewhere)
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**metrics, "best": {"path": str(elsewhere)}}))
    assert attack.harmless(*COMMANDS["predict"], run) == 0


@pytest.mark.parametrize("name", ["metrics.json", "samples.json"])
def test_what_is_no_json_is_refused(refused_command, run, name):
    (run / name).write_text("{'__import__': os.system('touch sentinel')}")
    assert "is no JSON" in refused_command("report", run)


def test_text_of_a_run_stays_text(attack, run):
    script = "<script>fetch('http://127.0.0.1:9')</script>"
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["facts"]["class_names"] = [script, "b"]
    metrics[f"test/{script}"] = 1.0
    (run / "metrics.json").write_text(json.dumps(metrics))
    (run / "config.yaml").write_text(f"name: {script}\n")
    assert attack.harmless("report", run) == 0
    assert script not in (run / "report.html").read_text()


def test_an_export_that_was_forged_is_not_run(attack, run):
    (run / "export.json").write_text(json.dumps({"file": "/etc/passwd", "format": "stranger.call"}))
    assert attack.harmless(*COMMANDS["predict"], run) == 0
