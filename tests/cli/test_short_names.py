import pytest
import yaml

from litclf.cli.arguments import Arguments
from litclf.cli.main import main
from litclf.cli.short_names import SHORT_NAMES, written_out
from litclf.cli.signatures import arguments_of
from litclf.cli.sketches import sketched_types

pytestmark = pytest.mark.usefixtures("in_empty_folder")
GIVEN = "--epochs 3 --lr 0.2 --batch_size=16 --seed 7 --time 1d2h3m4s --early_stop 5"


def test_a_fit_by_short_names_is_the_fit_by_the_settings_they_stand_for(capsys):
    assert main(["fit", "-c", "circles", *GIVEN.split(), "--print_config"]) == 0
    short = yaml.safe_load(capsys.readouterr().out)
    full = (
        "--trainer.max_epochs 3 --model.lr 0.2 --data.batch_size 16 --seed_everything 7 --trainer.max_time 01:02:03:04"
    )
    stop = ["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=val/loss"]
    assert main(["fit", "-c", "circles", *full.split(), *stop, "--trainer.callbacks.patience=5", "--print_config"]) == 0
    assert short == yaml.safe_load(capsys.readouterr().out)
    assert short["trainer"]["callbacks"][0]["init_args"]["patience"] == 5
    assert (short["seed_everything"], short["data"]["init_args"]["batch_size"]) == (7, 16)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90", "00:00:01:30"),
        ("90s", "00:00:01:30"),
        ("10m", "00:00:10:00"),
        ("50h", "02:02:00:00"),
        *[("01:02:03:04",) * 2],
    ],
)
def test_times_are_those_of_the_trainer(text, time):
    assert written_out(Arguments("fit", ("--time", text))).words == (f"--trainer.max_time={time}",)


@pytest.mark.parametrize(
    ("flag", "value", "way_out"),
    [
        ("--lr", "abc", "see litclf fit --help"),
        ("--epochs", "2.5", "see litclf fit --help"),
        ("--epochs", "0", "such as 10"),
        ("--batch_size", "0", "such as 32"),
        ("--seed", "-1", "such as 42"),
        ("--time", "soon", "such as 90s, 10m or 1h30m"),
        ("--time", "0m", "such as 90s, 10m or 1h30m"),
        ("--early_stop", "0", "pass --early_stop 5"),
    ],
)
def test_a_wrong_value_is_told_by_the_name_that_was_typed(flag, value, way_out, error_line):
    line = error_line("fit", "-c", "circles", f"{flag}={value}")
    assert line.startswith(f"error: {flag}: ")
    assert way_out in line


def test_a_config_that_stops_early_already_is_told_beside_it(error_line, tmp_path):
    stop = {"class_path": "EarlyStopping", "init_args": {"monitor": "val/loss"}}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [stop]}}))
    line = error_line("fit", "-c", "circles", "-c", "own.yaml", "--early_stop", "5")
    assert line.startswith("error: --early_stop: Found more than one ")
    assert "`EarlyStopping`" in line


def test_a_short_name_needs_a_value(error_line):
    assert error_line("fit", "-c", "circles", "--lr").startswith("error: --lr: needs a value; fix: it is the learning")


def test_short_names_stand_for_settings_that_there_are_and_hide_none():
    types = sketched_types()
    trainer = {f"--trainer.{name}" for name in types["trainer"]}
    model = arguments_of(types["model"].sketches[0])
    known = {f"--{name}" for name in types} | trainer | {f"--model.{name}" for name in model} | {"--data.batch_size"}
    assert {short.stands_for for short in SHORT_NAMES.values()} <= known
    assert not known & SHORT_NAMES.keys()


def test_they_are_for_commands_that_train():
    given = Arguments("predict", ("--lr", "1"))
    assert written_out(given) is given
