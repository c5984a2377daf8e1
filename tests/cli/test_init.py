import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.neural_network import MLPClassifier

from litclf import InputError, TableDataModule
from litclf.cli.init import main
from litclf.cli.main import main as litclf

SEEDS = range(5)
QUICK = ["--trainer.max_epochs", "1", "--pictures", "false", "--model.engine", "eager"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_iris():
    iris = load_iris(as_frame=True)
    iris.data.assign(species=iris.target_names[iris.target]).to_csv("iris.csv", index=False)
    return "iris.csv"


def write_wine():
    """With one value in twenty missing."""
    wine = load_wine(as_frame=True)
    frame = wine.data.mask(np.random.default_rng(0).random(wine.data.shape) < 0.05)
    frame.assign(cultivar=wine.target).to_csv("wine.csv", index=False)
    return "wine.csv"


def write_cancer():
    """In CP949, with a Korean header and Korean classes."""
    cancer = load_breast_cancer(as_frame=True)
    frame = cancer.data.set_axis([f"측정값 {number}" for number in range(30)], axis=1)
    frame.assign(진단=np.array(["악성", "양성"])[cancer.target]).to_csv("cancer.csv", index=False, encoding="cp949")
    return "cancer.csv"


def write_digits():
    load_digits(as_frame=True).frame.to_csv("digits.csv", index=False)
    return "digits.csv"


TABLES = {"iris": write_iris, "wine": write_wine, "cancer": write_cancer, "digits": write_digits}


def drafted(*args):
    assert main([str(arg) for arg in args]) == 0
    return yaml.safe_load(next(Path().glob("*.yaml")).read_text(encoding="utf-8"))


def test_draft_trains(capsys):
    config = drafted(write_iris())
    assert "species (guessed" in capsys.readouterr().out
    assert config["model"]["class_path"] == "MulticlassClassifier"
    assert config["data"]["init_args"]["target"] == "species"
    assert litclf(["fit", "-c", "iris.yaml", *QUICK]) == 0
    assert Path("lightning_logs/iris/version_0/metrics.json").is_file()


@pytest.mark.parametrize("name", TABLES)
def test_draft_fits_the_table(name):
    config = drafted(TABLES[name]())
    arguments = config["data"]["init_args"]
    data = TableDataModule(**arguments)
    assert config["model"]["class_path"] == ("BinaryClassifier" if data.num_classes == 2 else "MulticlassClassifier")
    steps = data.train_steps[1] * config["trainer"]["max_epochs"]
    passes = steps / -(-len(data.splits["train"].y) // arguments["batch_size"])
    assert (480 <= steps < 500 and passes >= 48) or 48 <= passes < 50
    assert data.train_steps[1] >= 10
    assert arguments["bins"] == (16 if len(data.splits["train"].y) >= 1000 else 0)


def test_a_table_of_many_columns_is_drafted_without_bins():
    x = np.random.default_rng(0).normal(size=(1500, 80)).round(3)
    pd.DataFrame(x).add_prefix("c").assign(kind=["a", "b"] * 750).to_csv("wide.csv", index=False)
    assert drafted("wide.csv")["data"]["init_args"]["bins"] == 0


def test_every_setting_of_a_draft_is_explained_or_plain():
    drafted(write_iris())
    text = Path("iris.yaml").read_text()
    assert text.startswith("# 150 rows in 3 classes, told apart by 4 columns.\n# Train with: litclf fit -c iris.yaml\n")
    assert "# guessed by its name\n" in text
    assert max(map(len, text.splitlines())) <= 120


def test_columns_that_cannot_be_learned_from_are_left_out_with_a_word():
    frame = pd.DataFrame(
        {"n": range(60), "name": [f"n {i}" for i in range(60)], "empty": None, "x": [1.5, 2.5, 3.5] * 20}
    )
    frame.assign(kind=["a", "b"] * 30, y=[0, 1, 2] * 20).to_csv("a.csv", index=False)
    assert drafted("a.csv")["data"]["init_args"]["drop"] == ["name", "empty", "n"]
    text = Path("a.yaml").read_text()
    assert '- "name"' in text
    assert "# has a text of its own in most rows" in text
    assert "told apart by 2 columns" in text


def test_columns_named_as_categories_and_codes_with_words_are_drafted_so(capsys):
    frame = pd.DataFrame({"floor": [1, 2, 3] * 20, "code": ["1", "2", "3b"] * 20, "y": ["a", "b"] * 30})
    frame.to_csv("a.csv", index=False)
    assert drafted("a.csv", "--categorical", "[floor]")["data"]["init_args"]["categorical"] == ["floor", "code"]
    assert "column code is taken as categories, as it holds few whole numbers, and words" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"--categorical: a\.csv has no column 'flor'; fix: did you mean floor"):
        main(["a.csv", "--categorical", "flor", "--output", "b.yaml"])


def test_few_rows_of_a_class_get_shares_that_fit():
    pd.DataFrame({"x": np.arange(12) * 1.5, "y": [0, 1, 2] * 4}).to_csv("a.csv", index=False)
    arguments = drafted("a.csv")["data"]["init_args"]
    assert (arguments["val_size"], arguments["test_size"]) == (0.3, 0.3)
    pd.DataFrame({"x": np.arange(10) * 1.5, "y": [0] * 9 + [1]}).to_csv("b.csv", index=False)
    assert main(["b.csv", "--output", "once.yaml"]) == 0
    arguments = yaml.safe_load(Path("once.yaml").read_text())["data"]["init_args"]
    assert (arguments["val_size"], arguments["test_size"]) == (0.0, 0.0)


def test_target_may_be_any_column_with_any_name():
    name = "a: 'b' #\t{c} \"d\""
    pd.DataFrame({name: ["1", "2"] * 20, "x": np.arange(40) ** 2}).to_csv("a.csv", index=False)
    assert drafted("a.csv", "--target", name, "--output", "b.yaml")["data"]["init_args"]["target"] == name
    assert litclf(["fit", "-c", "b.yaml", *QUICK]) == 0


def test_folder_of_images_is_drafted_too():
    for name in ("cat", "dog"):
        Path("pets", name).mkdir(parents=True)
        for row in range(20):
            Image.new("L", (24, 24), row).save(Path("pets", name, f"{row}.png"))
    assert drafted("pets")["data"]["class_path"] == "ImagesDataModule"
    assert Path("pets.yaml").is_file()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.csv"], "none.csv: does not exist"),
        (["iris.csv", "--target", "specie"], r"--target: iris.csv has no column 'specie'; fix: did you mean species\?"),
        (["iris.csv", "--target", "petal length (cm)"], r"iris.csv: line 2 must have a class in column petal length"),
        (["iris.csv", "--output", "old.yaml"], "--output: old.yaml exists, and is not overwritten"),
        (["iris.csv", "--output", "iris.csv.txt"], "--output: must end in .yaml"),
        (["iris.csv", "--output", "none/a.yaml"], "there is no folder none"),
        (["iris.csv", "--outpt", "a.yaml"], "litclf init: unrecognized arguments"),
        ([], "litclf init: the following arguments are required: DATA"),
        ([".", "--target", "a"], "--target: is for tables"),
    ],
)
def test_wrong_requests_are_refused_and_nothing_is_written(args, message, tmp_path):
    write_iris()
    Path("old.yaml").write_text("mine")
    with pytest.raises(InputError, match=message):
        main(args)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iris.csv", "old.yaml"]
    assert Path("old.yaml").read_text() == "mine"


def test_a_draft_trains_whatever_columns_there_are_and_says_what_it_did(capsys):
    stream = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": stream.permutation(120) + 5000,
            "code": [f"A {i}" if i % 4 else str(1000 + 7 * i) for i in range(120)],
            "width": ["?" if i % 9 == 0 else f"{x:.2f}" for i, x in enumerate(stream.normal(0, 1, 120))],
            "price": [f"${i % 40}.50" for i in range(120)],
            "day": [f"2024-01-{i % 28 + 1:02d}" for i in range(120)],
            "kind": ["a", "b", "c"] * 40,
        }
    )
    frame.loc[119, "kind"] = "once"
    frame.to_csv("a.csv", index=False)
    arguments = drafted("a.csv", "--target", "kind", "--drop", "code")["data"]["init_args"]
    assert (arguments["drop"], arguments["missing"]) == (["code", "day", "id"], ["?"])
    assert (arguments["val_size"], arguments["test_size"]) == (0.1, 0.2)
    text = Path("a.yaml").read_text()
    assert "# Note: class once has 1 row, too few for val and test: all are for training" in text
    assert "# has a whole number of its own in each row" in text
    said = capsys.readouterr().err
    for word in (
        "'?' is taken as a missing value",
        "column price: numbers are written with '$', and read as 0.5 for '$0.50'",
        "column code was named by --drop: left out",
        "column id has a whole number of its own in each row, as ids have: left out; "
        "where it is a measure, take it out of drop in a.yaml",
        "column day holds dates or times, such as '2024-01-01': left out",
        "class once has 1 row, too few for val and test",
    ):
        assert f"note        {word}" in said
    assert litclf(["fit", "-c", "a.yaml", "--trainer.max_epochs", "1", "--pictures", "false"]) == 0


def test_a_measure_that_looks_like_ids_comes_back_as_it_is_said(capsys):
    prices = np.random.default_rng(0).permutation(900)[:30] * 1000 + 120_000
    pd.DataFrame({"price": prices, "rooms": [2, 3, 4] * 10, "kind": ["a", "b"] * 15}).to_csv("a.csv", index=False)
    arguments = drafted("a.csv")["data"]["init_args"]
    assert arguments["drop"] == ["price"]
    assert "left out; where it is a measure, take it out of drop in a.yaml" in capsys.readouterr().err
    data = TableDataModule(**{**arguments, "drop": None})
    assert data.input_shape == (2,)


def test_a_guess_that_cannot_be_the_target_is_named():
    pd.DataFrame({"x": [1.5, 2.5] * 20, "port": ["s", "q", None, "s"] * 10}).to_csv("a.csv", index=False)
    with pytest.raises(InputError, match=r"^--target: was guessed to be port: line 4 must have a class in column port"):
        main(["a.csv"])


def test_no_row_is_set_aside_without_a_word(capsys):
    pd.DataFrame({"x": np.arange(10) * 1.5, "y": [0] * 9 + [1]}).to_csv("b.csv", index=False)
    drafted("b.csv")
    assert "no rows are set aside for validation and test" in capsys.readouterr().err
    assert "# Note: no rows are set aside for validation and test" in Path("b.yaml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_draft_is_as_good_as_scikit_learns_network(name):
    arguments = drafted(TABLES[name]())["data"]["init_args"]
    ours, theirs = [], []
    for seed in SEEDS:
        quiet = ["--trainer.enable_progress_bar", "false", "--trainer.logger", "false"]
        assert (
            litclf(["fit", "-c", f"{name}.yaml", "--data.seed", str(seed), "--seed_everything", str(seed), *quiet]) == 0
        )
        metrics = json.loads(Path(f"lightning_logs/{name}/version_{seed}/metrics.json").read_text())
        ours.append(metrics["test/accuracy"])
        splits = TableDataModule(**arguments | {"seed": seed}).splits
        network = MLPClassifier(random_state=seed, max_iter=1000).fit(*(part.numpy() for part in splits["train"]))
        theirs.append(network.score(*(part.numpy() for part in splits["test"])))
    print(f"{name}: ours {np.round(ours, 4)}, scikit-learn's {np.round(theirs, 4)}")
    assert np.mean(ours) >= np.mean(theirs) - 0.02


def test_how_a_file_was_read_is_told_and_the_encoding_is_kept(capsys):
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5] * 20, "kind": ["žena", "muž"] * 30})
    frame.to_csv("a.csv", encoding="cp1250")
    assert drafted("a.csv")["data"]["init_args"]["drop"] == ["Unnamed: 0"]
    assert "was read as Windows-1252, such as 'žena'" in (err := capsys.readouterr().err)
    assert "pass another, such as --encoding cp1250" in err
    main(["a.csv", "--encoding", "cp1250", "--output", "b.yaml"])
    arguments = yaml.safe_load(Path("b.yaml").read_text(encoding="utf-8"))["data"]["init_args"]
    assert arguments["encoding"] == "cp1250"
    assert TableDataModule(**arguments).class_names == ("muž", "žena")
    assert capsys.readouterr().err == "note        column Unnamed: 0 is an index without a name: left out\n"


def test_the_command_that_is_printed_trains_whatever_the_file_is_called(capsys):
    pd.DataFrame({"size": np.arange(60) % 7, "kind": ["a", "b", "c"] * 20}).to_csv("my 날씨.csv", index=False)
    assert litclf(["init", "my 날씨.csv"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("train"))
    command = line.split(maxsplit=1)[1]
    assert command in Path("my 날씨.yaml").read_text(encoding="utf-8")
    assert litclf([*shlex.split(command)[1:], "--trainer.max_epochs", "1", "--pictures", "false"]) == 0
    dashboard = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("dashboard"))
    assert Path(shlex.split(dashboard)[-1]).is_dir()
