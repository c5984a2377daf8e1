"""Configs and flags that name classes, functions and tags of Python."""

import pytest

from litclf.cli.trust import allow_classes

FIT = ("fit", "-c", "circles", "--pictures", "false", "--trainer.max_epochs", "1")
HANDLER = "torch.distributed.elastic.multiprocessing.subprocess_handler.SubprocessHandler"
SEED = "lightning.pytorch.seed_everything"

TAGS = {
    "system": "!!python/object/apply:os.system ['touch sentinel']",
    "new": "!!python/object/new:subprocess.Popen [['touch', 'sentinel']]",
    "name": "!!python/name:os.system",
    "module": "!!python/module:stranger",
    "object": "!!python/object:stranger.Thing {}",
}

VALUES = {
    "model": ("--model", "stranger.Thing"),
    "data": ("--data", "stranger.Thing"),
    "callback": ("--trainer.callbacks+=stranger.Thing",),
    "callbacks": ("--trainer.callbacks", "[{class_path: stranger.Thing, init_args: {x: 1}}]"),
    "function as a callback": ("--trainer.callbacks", "[os.system]"),
    "foreign function": ("--trainer.callbacks+=LambdaCallback", "--trainer.callbacks.on_fit_start=stranger.call"),
    "function of os": ("--trainer.callbacks+=LambdaCallback", "--trainer.callbacks.on_fit_start=os.system"),
    "torch.hub.load": ("--trainer.callbacks+=LambdaCallback", "--trainer.callbacks.on_fit_start=torch.hub.load"),
    "torch.load": ("--trainer.callbacks+=LambdaCallback", "--trainer.callbacks.on_fit_start=torch.load"),
    # Of a package that is trusted, but no class: only the check of kinds stands between it and its call.
    "function of Lightning": ("--trainer.callbacks+=LambdaCallback", f"--trainer.callbacks.on_fit_start={SEED}"),
    "os of torch": ("--trainer.plugins", "[torch.os.system]"),
    "starter of processes": ("--trainer.logger", f"{{class_path: {HANDLER}, init_args: {{entrypoint: touch}}}}"),
    "Popen of torch": ("--trainer.logger", "{class_path: torch.utils.cpp_extension.subprocess.Popen}"),
    "private of torch": ("--trainer.logger", "{class_path: torch._inductor.codecache.CppCodeCache}"),
    "strategy": ("--trainer.strategy", "stranger.Thing"),
    "profiler": ("--trainer.profiler", "{class_path: stranger.Thing}"),
    "network": ("--model.network", "{class_path: stranger.Thing}"),
    "config from afar": ("--trainer", "http://127.0.0.1:9/a.yaml"),
    "model from afar": ("--model", "http://127.0.0.1:9/a.yaml"),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_flags_name_known_classes_only(refused_command, values):
    refused_command(*FIT, *values)


def test_help_on_a_foreign_class_loads_nothing_of_it(attack, capsys):
    assert attack.harmless(*FIT, "--model.help", "stranger.Thing") == 0
    assert "--help-all" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "model: stranger.Thing",
        "model: {class_path: stranger.Thing}",
        "model: {class_path: BinaryClassifier, init_args: {network: {class_path: stranger.Thing}}}",
        "data: {class_path: stranger.Thing, init_args: {x: 1}}",
        "trainer: {callbacks: [{class_path: stranger.Thing}]}",
        "trainer: {logger: {class_path: stranger.Thing}}",
        "trainer: {callbacks: [{class_path: LambdaCallback, init_args: {on_fit_start: stranger.call}}]}",
        "trainer: {plugins: [{class_path: torch.os.system}]}",
        "trainer: {callbacks: [{class_path: ModelCheckpoint, init_args: {dirpath: {class_path: stranger.Thing}}}]}",
        "allow_classes: [stranger]\nmodel: {class_path: stranger.Thing}",
        "allow_classes: stranger\nmodel: {class_path: stranger.Thing}",
    ],
)
def test_configs_name_known_classes_only(refused_command, attack, text):
    (attack.folder / "a.yaml").write_text(text)
    refused_command("fit", "-c", "a.yaml", "--data", "CirclesDataModule", "--model", "BinaryClassifier")
    refused_command("fit", "-c", "circles", "--config", "a.yaml")


@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_tags_of_python_are_refused(refused_command, attack, tag):
    (attack.folder / "a.yaml").write_text(f"model: {tag}\n")
    assert "is no YAML" in refused_command("fit", "-c", "a.yaml")
    refused_command(*FIT, "--model", tag)
    refused_command(*FIT, "--trainer.callbacks", f"[{tag}]")


def test_aliases_are_not_multiplied(refused_command, attack):
    lists = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (attack.folder / "a.yaml").write_text("\n".join(["a0: &a0 [x]", *lists, "model: {hidden_dims: *a11}"]))
    assert "holds more than" in refused_command("fit", "-c", "a.yaml")
    (attack.folder / "a.yaml").write_text("model: &a {hidden_dims: *a}")
    assert "nests them deeper" in refused_command("fit", "-c", "a.yaml")


def test_the_config_of_a_strangers_run_names_known_classes_only(refused_command, run):
    (run / "config.yaml").write_text("model: {class_path: stranger.Thing}\ndata: {class_path: stranger.Thing}\n")
    assert "stranger.Thing" in refused_command("fit", "--ckpt_path", run / "checkpoints" / "last.ckpt")


def test_check_data_names_known_classes_only(refused_command, attack):
    refused_command("check-data", "--data", "stranger.Thing")
    (attack.folder / "a.yaml").write_text("data: {class_path: stranger.Thing}")
    refused_command("check-data", "-c", "a.yaml")


def test_what_is_allowed_must_still_be_a_class_of_the_kind(refused_command):
    refused_command(*FIT, "--allow_classes", "os", "--model", "os.system")
    refused_command(*FIT, "--allow_classes", "subprocess", "--model", "subprocess.Popen")
    refused_command(*FIT, "--allow_classes=stranger2", "--model", "stranger.Thing")
    allow_classes([])
