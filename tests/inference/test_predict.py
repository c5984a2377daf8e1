import importlib.util
import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from litclf import BinaryClassifier, CirclesDataModule, InputError, MulticlassClassifier, fit
from litclf.cli.main import main as litclf
from litclf.cli.predict import main
from litclf.data.images import ImagesDataModule
from litclf.data.table import TableDataModule
from litclf.inference.answer import parse_point
from litclf.inference.model import load
from litclf.inference.predict import predict_file

QUIET = {"max_epochs": 1, "enable_progress_bar": False}
FAST = {"batch_size": None, "repeat": 30, "steps_per_execution": 30}
DRAWS = pytest.mark.skipif(importlib.util.find_spec("litclf.visualization.plots") is None, reason="draws")


@pytest.fixture(scope="module")
def circles(tmp_path_factory):
    data = CirclesDataModule(num_samples=2000, noise=0.1, **FAST)
    root = tmp_path_factory.mktemp("circles")
    return fit(BinaryClassifier(hidden_dims=[8], lr=0.5), data, default_root_dir=root, **QUIET), data


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    size, colour = rng.normal(2000, 3, 600), rng.choice(["red", "green", "blue"], 600)
    kind = np.where(size + 3 * (colour == "red") + rng.normal(0, 1, 600) > 2001, "large", "small")
    rows = pd.DataFrame({"size": size, "colour": colour, "kind": kind})
    rows.loc[::17, "size"] = np.nan
    rows.to_csv(root / "rows.csv", index=False)
    data = TableDataModule(path=str(root / "rows.csv"), target="kind", **FAST)
    return fit(BinaryClassifier(hidden_dims=[8], lr=0.5), data, default_root_dir=root, **QUIET), data


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for name, most in (("dark", 150), ("light", 255), ("mixed", 200)):
        (root / "pictures" / name).mkdir(parents=True)
        for number in range(40):
            pixels = rng.integers(0, most, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(root / "pictures" / name / f"{number}.png")
    data = ImagesDataModule(str(root / "pictures"), test_size=0.3, **FAST)
    return fit(MulticlassClassifier(hidden_dims=[8], lr=0.5), data, default_root_dir=root, **QUIET), data


def stored_right(result, data):
    """How many samples the test counted as right."""
    return round(result.metrics["test/accuracy"] * len(data.splits["test"].y))


def test_rows_of_arrays_get_what_the_test_counted(circles, tmp_path):
    result, data = circles
    x, y = data.splits["test"]
    rows = pd.DataFrame(x.double().numpy(), columns=["x1", "x2"])
    rows["target"] = [data.class_names[index] for index in y]
    rows.to_csv(tmp_path / "test.csv", index=False)
    out = tmp_path / "out.csv"
    assert main(["--ckpt_path", str(result.folder), "--input", str(tmp_path / "test.csv"), "--output", str(out)]) == 0
    written = pd.read_csv(out)
    assert list(written) == ["x1", "x2", "target", "predicted", "probability of outer", "probability of inner"]
    assert (written["predicted"] == written["target"]).sum() == stored_right(result, data)
    expected = load(result.folder).probabilities(x)
    np.testing.assert_allclose(written.filter(like="probability"), expected, rtol=1e-12)
    pd.testing.assert_frame_equal(written[["x1", "x2", "target"]], rows)


def test_rows_of_tables_get_what_the_test_counted(table, tmp_path):
    result, data = table
    rows = data.files.frames["test"]
    rows.to_csv(tmp_path / "test.csv", index=False)
    out = tmp_path / "out.parquet"
    told = predict_file(load(result.folder), tmp_path / "test.csv", out)
    assert (told.num_rows, told.num_known, told.num_right) == (len(rows), len(rows), stored_right(result, data))
    written = pq.read_table(out).to_pandas()
    assert (written["predicted"] == written["kind"]).sum() == stored_right(result, data)


def test_rows_in_other_dialects_get_the_same_predictions(table, tmp_path, capsys):
    result, data = table
    rows = data.files.frames["test"].drop(columns="kind").assign(**{"id": "NA", "größe": "1,5"})
    plain, others = tmp_path / "plain.csv", [tmp_path / name for name in ("a.csv", "b.txt", "c.parquet")]
    rows.to_csv(plain, index=False)
    commas = rows.assign(size=rows["size"].str.replace(".", ","))
    commas.to_csv(others[0], index=False, sep=";", encoding="cp1252")
    commas.to_csv(others[1], sep="\t", encoding="utf-16")
    rows.assign(size=rows["size"].astype(float)).to_parquet(others[2])
    expected = load(result.folder).probabilities(rows)
    for path in (plain, *others):
        out = tmp_path / f"{path.name}.out.csv"
        assert main(["--ckpt_path", str(result.folder), "--input", str(path), "--output", str(out)]) == 0
        written = pd.read_csv(out, keep_default_na=False)
        np.testing.assert_array_equal(written.filter(like="probability"), expected)
        assert set(written["id"]) == {"NA"}
        assert set(written["größe"]) == {"1,5"}
    told = capsys.readouterr().err
    assert f"{others[0]} is not UTF-8 and was read as Windows-1252, such as 'größe'; " in told
    assert "pass another, such as --encoding cp1250" in told
    assert f"{others[1]} is not UTF-8 and was read as UTF-16" in told


def test_numbers_with_marks_and_words_for_missing_are_predicted_as_plain_ones(tmp_path):
    stream = np.random.default_rng(0)
    price = [None if i % 9 == 0 else round(1000 * i + x, 2) for i, x in enumerate(stream.normal(500, 40, 120))]
    euros = ["k.A." if p is None else f"{p:,.2f} €".translate({44: ".", 46: ","}) for p in price]
    given = {"written": (euros, {"missing": ["k.A."]}), "plain": (price, {})}
    shares = {}
    for name, (column, arguments) in given.items():
        frame = pd.DataFrame({"price": column, "x": range(120), "y": ["a", "b", "c"] * 40})
        frame.to_csv(tmp_path / f"{name}.csv", index=False, sep=";")
        data = TableDataModule(path=str(tmp_path / f"{name}.csv"), target="y", **FAST, **arguments)
        fit(MulticlassClassifier(hidden_dims=[4]), data, default_root_dir=tmp_path / name, **QUIET)
        (best,) = (tmp_path / name).rglob("best.ckpt")
        predict_file(load(best), tmp_path / f"{name}.csv", tmp_path / f"{name}_out.csv")
        out = pd.read_csv(tmp_path / f"{name}_out.csv", keep_default_na=False)
        shares[name] = out.filter(like="probability")
    assert out["price"].tolist()[1] == str(price[1])
    assert shares["written"].equals(shares["plain"])


def test_a_column_that_differs_in_case_is_proposed(table, tmp_path):
    result, data = table
    rows = data.files.frames["test"].rename(columns={"colour": " Colour"})
    rows.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="has no column colour; fix: is it Colour"):
        predict_file(load(result.folder), tmp_path / "a.csv", tmp_path / "out.csv")


def test_images_get_what_the_test_counted(images, tmp_path):
    result, data = images
    files = data.files["test"]
    for path, target in zip(files.paths, files.targets, strict=True):
        folder = tmp_path / "test" / data.class_names[target]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / path.name).write_bytes(path.read_bytes())
    (tmp_path / "test" / "notes.txt").write_text("no image")
    main(["--ckpt_path", str(result.folder), "--input", str(tmp_path / "test")])
    written = pd.read_csv(result.folder / "predictions.csv")
    assert len(written) == len(files.paths)
    assert (written["predicted"] == written["file"].str.split("/").str[0]).sum() == stored_right(result, data)


def test_files_that_are_no_images_are_told(images, tmp_path, capsys):
    result, data = images
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(data.files["test"].paths[0].read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("no image")
    main(["--ckpt_path", str(result.folder), "--input", str(tmp_path / "in"), "--output", str(tmp_path / "out.csv")])
    told = capsys.readouterr()
    assert told.err == "note        passed over 1 file that is no image by its name (1 .txt)\n"
    (tmp_path / "in" / "b.png").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"--input: .*/in/b\.png is a link to nowhere, where nothing is found; fix: "):
        main(["--ckpt_path", str(result.folder), "--input", str(tmp_path / "in"), "--output", str(tmp_path / "2.csv")])


def test_one_image_is_one_row(images, tmp_path):
    result, data = images
    assert predict_file(load(result.folder), data.files["test"].paths[0], tmp_path / "out.csv").num_rows == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x1,y\n1,2\n", "rows.csv: has no column x2, but x1, y; fix: name its columns x1, x2"),
        ("x1,x2\n1,2\n3,a\n", "rows.csv: line 3, column x2 must be a number, got 'a'"),
        ("x1,x2\n1,2\n3,\n", "rows.csv: line 3, column x2 must be a finite number, got nan"),
        ("x1,x2\n1,2\n3,inf\n", "rows.csv: line 3, column x2 must be a finite number, got inf"),
        ("x1,x2,predicted\n1,2,a\n", "rows.csv: has a column predicted already"),
        ("x1,x2\n1,2\n3\n", "rows.csv: line 3 must hold 2 values"),
        ("x1,x1\n1,2\n", "more than once"),
        ("", "rows.csv: is empty"),
        ("x1,x2\n", "has no rows"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_left(circles, tmp_path, content, message):
    source = tmp_path / "rows.csv"
    source.write_text(content)
    with pytest.raises(InputError, match=message):
        predict_file(load(circles[0].folder), source, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == [source]


def test_an_error_late_in_the_file_leaves_the_earlier_output(circles, tmp_path):
    (tmp_path / "rows.csv").write_text("x1,x2\n" + "1.0,2.0\n" * 200_000 + "a,1\n")
    (tmp_path / "out.csv").write_text("earlier")
    with pytest.raises(InputError, match="line 200002, column x1"):
        predict_file(load(circles[0].folder), tmp_path / "rows.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "earlier"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--point=1,2", "--input", "a.csv"], "--point: and --input exclude each other"),
        (["--input", "none.csv"], "--input: there is no file none.csv"),
        (["--input", "-"], "-: is the standard input, and a table is read twice"),
        (["--input", "."], "is a folder; the model takes rows with x1, x2"),
        (["--point=1,2", "--output", "a.csv"], "--output: does nothing with --point"),
        (["--point=1"], "must hold 2 values"),
        (["--point=1,a"], "--point: row 0, column x2 must be a number, got 'a'"),
        (["--point=x1=1,x3=2"], "x3 is no column"),
        (["--point=x1=1"], "lacks x2"),
        (["--point=x1=1,x1=2"], "x1 stands there twice"),
        (["--input", "rows.csv", "--output", "rows.csv"], "is the input itself"),
        (["--input", "rows.csv", "--output", "a.xlsx"], "must end in .csv or .parquet"),
        (["--input", "rows.csv", "--output", "none/a.csv"], "there is no folder none"),
        (["--input", "rows.csv", "--otput", "a.csv"], "--otput: is no setting"),
        (["--input", "rows.csv", "--threshold", "2"], "must lie between 0 and 1, got 2.0"),
    ],
)
def test_wrong_arguments_are_refused(circles, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x1,x2\n1,2\n")
    with pytest.raises(InputError, match=message):
        main(["--ckpt_path", str(circles[0].folder), *args])
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_rows_for_a_model_of_images_are_refused(images, tmp_path):
    (tmp_path / "rows.csv").write_text("x1,x2\n1,2\n")
    with pytest.raises(InputError, match=r"rows\.csv: is no image"):
        predict_file(load(images[0].folder), tmp_path / "rows.csv", tmp_path / "out.csv")
    with pytest.raises(InputError, match="takes rows, the model takes images"):
        main(["--ckpt_path", str(images[0].folder), "--point=1,2"])
    with pytest.raises(InputError, match="holds no images"):
        predict_file(load(images[0].folder), tmp_path, tmp_path / "out.csv")


def test_a_point_of_a_table_may_lack_a_number(table, capsys):
    assert main(["--ckpt_path", str(table[0].folder), "--point", "size=,colour=red"]) == 0
    lines = dict(line.rsplit("  ", 1) for line in capsys.readouterr().out.splitlines())
    expected = load(table[0].folder).predict(pd.DataFrame({"size": [None], "colour": ["red"]}))
    printed = {name.strip(): value for name, value in lines.items()}
    assert printed["class"] == expected.classes[0]
    assert float(printed["probability of large"]) == pytest.approx(expected.probabilities[0, 0], abs=1e-6)


def test_an_unseen_category_is_told_in_a_line(table, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        litclf(["predict", "--ckpt_path", str(table[0].folder), "--point", "size=2000,colour=pink"])
    assert "note        row 0, column colour: 'pink' was in no training row" in capsys.readouterr().err


@DRAWS
def test_a_point_is_answered_and_drawn(circles, capsys):
    assert main(["--ckpt_path", str(circles[0].folder), "--point=3,0"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split() == ["class", load(circles[0].folder).predict([[3, 0]]).classes[0]]
    with Image.open(circles[0].folder / "point.png") as picture:
        assert picture.width > 300


def test_points_are_read_by_order_or_name():
    assert parse_point("-1, 1", ["x1", "x2"]) == parse_point("x2=1,x1=-1", ["x1", "x2"]) == {"x1": "-1", "x2": "1"}


def test_calibration_and_threshold_are_switched(circles, tmp_path):
    (tmp_path / "rows.csv").write_text("x1,x2\n0,1\n0.5,0.5\n0,0\n")

    def predicted(*flags):
        args = ["--ckpt_path", str(circles[0].folder), "--input", str(tmp_path / "rows.csv")]
        main([*args, "--output", str(tmp_path / "out.csv"), *flags])
        return set(pd.read_csv(tmp_path / "out.csv")["predicted"])

    assert predicted("--threshold", "0.999999") == {"outer"}
    assert predicted("--threshold", "0.000001", "--no-calibration") == {"inner"}
