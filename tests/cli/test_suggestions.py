"""What is suggested for a setting that there is not is what was meant, and can be typed."""

import pytest

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.parametrize(
    ("flag", "fix"),
    [
        ("--lrr", "did you mean --lr?"),
        ("--learning_rate", "did you mean --lr?"),
        ("--model.learning_rate", "did you mean --model.lr?"),
        ("--model.hidden_layer_sizes", "did you mean --model.hidden_dims?"),
        ("--data.class_weights", "drop it: it is one of TableDataModule"),
        ("--data.lr", "did you mean --lr?"),
        ("--model.noise", "did you mean --data.noise?"),
        ("--model.dropout", "see litclf fit --help"),
        ("--num_epochs", "did you mean --epochs?"),
        ("--max_epochs", "did you mean --trainer.max_epochs?"),
        ("--patience", "did you mean --early_stop?"),
        ("--random_state", "did you mean --seed?"),
        ("--timeout", "did you mean --time?"),
        ("--gpus", "did you mean --trainer.devices?"),
        ("--traner.devices", "did you mean --trainer.devices?"),
        ("--zebra", "see litclf fit --help"),
    ],
)
def test_a_setting_that_there_is_not_is_answered_by_the_one_that_was_meant(flag, fix, error_line):
    assert error_line("fit", "-c", "circles", flag, "1").endswith(f"; fix: {fix}")


def test_a_list_is_suggested_as_it_is_typed(error_line):
    line = error_line("fit", "-c", "circles", "--model.hidden_dims", "20,20")
    assert line.endswith(
        "must be a list, each of it a whole number, got 20,20; fix: did you mean --model.hidden_dims '[20, 20]'?"
    )


@pytest.mark.parametrize(
    ("name", "meant"), [("epochs", "max_epochs"), ("max_epoch", "max_epochs"), ("gpus", "devices")]
)
def test_an_argument_of_a_fit_in_python_too(name, meant):
    with pytest.raises(InputError, match=f"has no argument {name}; fix: did you mean {meant}?"):
        fit(BinaryClassifier(), CirclesDataModule(), **{name: 1})
