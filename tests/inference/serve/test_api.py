import base64
import io
import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from litclf.inference.model import load
from litclf.inference.serve import inputs
from tests.preprocessing.png_files import METADATA, png_of

COLUMNS = ["가로", "<b>높이</b>"]


@pytest.fixture
def pictures(image_run):
    return image_run.folder


def encoded(image, kind="PNG"):
    file = io.BytesIO()
    image.save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def same(answered, expected, names):
    assert [answer["class"] for answer in answered] == expected.classes
    shares = [[answer["probabilities"][name] for name in names] for answer in answered]
    np.testing.assert_allclose(shares, expected.probabilities, atol=1e-6)


def test_rows_are_answered_as_in_python(serve, points):
    client, model = serve(points), load(points)
    x = np.random.default_rng(1).normal(size=(50, 2))
    expected = model.predict(pd.DataFrame(x, columns=COLUMNS))
    assert set(expected.classes) == {"오른쪽 <i>&amp;", "왼쪽"}
    same(client.predictions({"rows": x.tolist()}), expected, model.class_names)
    named = [dict(zip(reversed(COLUMNS), reversed(row), strict=True)) for row in x.tolist()]
    same(client.predictions({"rows": named}), expected, model.class_names)
    one = model.predict(pd.DataFrame(x[:1], columns=COLUMNS))
    same(client.predictions({"row": x[0].tolist()}), one, model.class_names)
    same(client.predictions({"row": named[0]}), one, model.class_names)


def test_calibration_and_threshold_are_as_asked(serve, points):
    model = load(points, calibrated=False, threshold=0.9)
    rows = [[0.05 * place, 0.0] for place in range(-20, 21)]
    expected = model.predict(pd.DataFrame(rows, columns=COLUMNS))
    same(serve(points, False, 0.9).predictions({"rows": rows}), expected, model.class_names)
    assert expected.classes != load(points).predict(pd.DataFrame(rows, columns=COLUMNS)).classes


def test_members_are_answered_with_how_far_they_agree(serve, members_run):
    rows = np.random.default_rng(1).normal(size=(30, 2))
    model = load(members_run.folder)
    expected, answered = model.predict(rows), serve(members_run.folder).predictions({"rows": rows.tolist()})
    same(answered, expected, model.class_names)
    for name, values in expected.disagreement.items():
        np.testing.assert_allclose([answer[name] for answer in answered], values, atol=1e-6)
    alone = serve(members_run.folder, True, None, 2).predictions({"rows": rows.tolist()})
    same(alone, load(members_run.folder, member=2).predict(rows), model.class_names)
    assert {*alone[0]} == {"class", "probabilities"}


def test_missing_values_and_new_categories_of_tables(serve, table):
    client, model = serve(table), load(table)
    rows = [{"size": None, "colour": "red"}, {"size": 2, "colour": "green"}, {"size": 2.5, "colour": "blue"}]
    with pytest.warns(UserWarning, match="'blue'"):
        expected = model.predict(pd.DataFrame(rows))
    for _ in range(2):  # the note is told of each request
        status, content = client.post({"rows": rows})
        assert status == 200
        same(content["predictions"], expected, model.class_names)
        assert content["notes"] == [
            "row 2, column colour: 'blue' was in no training row, and counts as none of the categories"
        ]
    assert "notes" not in client.post({"row": [1, "red"]})[1]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "L"), ("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "L"), ("JPEG", "RGB")],  # JPEG has no transparency
)
def test_images_are_answered_as_their_files_are(serve, pictures, tmp_path, kind, mode):
    model = load(pictures)
    texts, paths = [], []
    for number, size in enumerate([(5, 5), (6, 4), (90, 70)]):
        pixels = np.random.default_rng(number).integers(0, 255, (*size[::-1], len(mode)), dtype=np.uint8)
        texts.append(encoded(Image.fromarray(pixels.squeeze()), kind))
        paths.append(tmp_path / f"{number}.{kind.lower()}")
        paths[-1].write_bytes(base64.b64decode(texts[-1]))
    client = serve(pictures)
    same(client.predictions({"images": texts}), model.predict(paths), model.class_names)
    same(client.predictions({"image": texts[0]}), model.predict(paths[0]), model.class_names)


def test_pixels_behind_broken_metadata_are_answered_as_those_of_a_file(serve, pictures, tmp_path):
    rows = b"".join(b"\0" + bytes([40 * row] * 5) for row in range(5))
    files = [png_of(8, 0, (5, 5), rows, *chunks) for chunks in METADATA.values()]
    paths = [tmp_path / f"{number}.png" for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    answered = serve(pictures).predictions({"images": [base64.b64encode(file).decode() for file in files]})
    model = load(pictures)
    same(answered, model.predict(paths), model.class_names)


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (b"", "body: is not JSON"),
        (b"x=1", "body: is not JSON"),
        (b'{"row": [NaN, 1]}', "body: is not JSON"),
        (b'{"row": ["\\ud800", 1]}', "body: is not JSON"),
        (b'{"row": [\xff, 1]}', "body: is not JSON"),
        (b"[" * 100_000, "body: is not JSON"),
        (b'{"row": [' + b"9" * 5000 + b", 1]}", "body: is not JSON"),
        (b'{"row": [1e999, 1]}', "column 가로 must be a finite number"),
        (b'{"row": [1e300, 1]}', "column 가로 must be a finite number"),
        (b'{"row": [' + b"9" * 400 + b", 1]}", "row 0, column 가로: is too large a whole number"),
        ([1, 2], "body: must be a JSON object, got a list"),
        (None, "body: must be a JSON object, got null"),
        ({}, "body: must have one key, row or rows, got 0"),
        ({"row": [1, 2], "rows": [[1, 2]]}, "body: must have one key, row or rows, got 2"),
        ({"row": [1, 2], "seed": 1}, "body: has an unknown key 'seed'"),
        ({"image": "abc"}, "body: has an unknown key 'image'"),
        ({"rows": []}, "rows: must be a list with at least one row, got an empty list"),
        ({"rows": {"0": [1, 2]}}, "rows: must be a list with at least one row, got an object"),
        ({"row": 1}, "row 0: must be a list or an object, got a number"),
        ({"row": [1]}, "row 0: must hold 2 values, got 1"),
        ({"rows": [[1, 2], [1, 2, 3]]}, "row 1: must hold 2 values, got 3"),
        ({"row": {"가로": 1}}, "row 0: lacks the column <b>높이</b>"),
        ({"row": {"가로": 1, "<b>높이</b>": 2, "x": 3}}, "row 0: has an unknown column 'x'"),
        ({"rows": [[1, 2], ["left", 2]]}, "column 가로 must be a number, got 'left'"),
        ({"row": [[1], 2]}, "row 0, column 가로: must be a number or text, got a list"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_in_one_line(serve, points, asked, detail):
    status, content = serve(points).post(asked)
    assert (status, list(content)) == (422, ["detail"])
    assert detail in content["detail"]
    assert "\n" not in content["detail"]


def test_numbers_in_quotes_are_none_where_the_data_was_no_table():
    described = {"kind": "array", "columns": ["x1", "x2"]}
    for value, kind in (("1", "text"), (None, "null"), (True, "a truth value")):
        with pytest.raises(inputs.InputError, match=f"^row 0, column x2: must be a number, got {kind}"):
            inputs.question(described, {"row": [0, value]})
    with pytest.raises(inputs.InputError, match="column x2 must be a finite number"):
        inputs.question(described, {"row": [0, 1e300]})
    assert torch.equal(inputs.question(described, {"row": [0, 1e30]}).x, torch.tensor([[0, 1e30]]))


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"image": "no base64!"}, "image 0: is not base64"),
        ({"image": "한글"}, "image 0: is not base64"),
        ({"image": 3}, "image 0: must be text, got a number"),
        ({"image": ""}, "image 0: is neither a PNG nor a JPEG file"),
        ({"image": encoded(Image.new("L", (5, 5)), "GIF")}, "image 0: is neither a PNG nor a JPEG file"),
        ({"images": [encoded(Image.new("L", (5, 5))), "AAAA"]}, "image 1: is neither a PNG nor a JPEG file"),
        ({"image": encoded(Image.new("L", (50, 50), 7))[:80]}, "image 0: cannot be read"),
        ({"row": [1, 2]}, "body: has an unknown key 'row'"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_in_one_line(serve, pictures, asked, detail):
    status, content = serve(pictures).post(asked)
    assert (status, list(content)) == (422, ["detail"])
    assert content["detail"].startswith(detail)
    assert "\n" not in content["detail"]


def test_what_is_too_large_is_refused(serve, points, pictures):
    client = serve(points)
    status, content = client.post(b" " * (inputs.MAX_BYTES + 1))
    assert (status, content["detail"][:37]) == (413, "body: must be 16000000 bytes at most,")
    chunks = (b" " * 1_000_000 for _ in range(17))  # of unknown length: sent in chunks
    status, content = client.ask("POST", "/predict", chunks)
    assert (status, content["detail"][:37]) == (413, "body: must be 16000000 bytes at most,")
    status, content = client.post({"rows": [[1, 2]] * 10_001})
    assert (status, content["detail"][:42]) == (413, "rows: must be 10000 at most, got 10001; fi")
    assert len(client.predictions({"rows": [[1, 2]] * 10_000})) == 10_000

    client = serve(pictures)
    small, large = (encoded(Image.new("1", (side, side))) for side in (4000, 6000))
    status, content = client.post({"images": [small, small]})
    assert (status, content["detail"][:40]) == (413, "image 1: brings the pixels of the reques")
    assert client.post({"image": large})[0] == 413
    bomb = encoded(Image.new("1", (20_000, 20_000)))
    assert client.post({"image": bomb})[0] == 413
    assert client.post({"images": [""] * 65})[0] == 413


def test_a_length_that_lies_is_no_way_around(serve, points):
    with socket.create_connection(("127.0.0.1", serve(points).port)) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_many_at_once_are_answered_each_with_its_own(serve, points):
    client, model = serve(points), load(points)
    x = np.random.default_rng(2).normal(size=(50, 2))
    expected = model.predict(pd.DataFrame(x, columns=COLUMNS))
    asked = [{"row": row} for row in x.tolist()]
    asked[7:7] = [{"row": [1]}]  # what is wrong with one is no matter of those beside it
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = list(pool.map(lambda body: type(client)(client.port).post(body), asked))
    assert answers.pop(7)[0] == 422
    assert {status for status, _ in answers} == {200}
    same([content["predictions"][0] for _, content in answers], expected, model.class_names)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": "example.org"}, 403),
        ({"Host": "127.0.0.1.example.org"}, 403),
        ({"Host": "[broken"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        ({"Host": "localhost:1", "Origin": "http://localhost:2"}, 403),
        ({"Origin": "http://example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_foreign_names_and_pages_are_refused(serve, points, headers, status):
    answered, content = serve(points).post({"row": [1, 2]}, headers)
    assert answered == status
    assert list(content) == (["predictions"] if status == 200 else ["detail"])


def test_only_its_own_page_is_there_and_may_load_nothing_else(serve, points):
    client = serve(points)
    assert client.get("/health") == (200, "ok")
    status, page = client.get("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert status == 200
    assert "default-src 'none'; script-src 'self';" in client.headers["Content-Security-Policy"]
    assert "http" not in page
    assert "<b>높이" not in page
    for path in ("/page.js", "/plane.js", "/draw.js", "/page.css"):
        assert client.get(path)[0] == 200
    for path in ("/docs", "/redoc", "/openapi.json", "/api.py", "/page.html.j2", "/../api.py"):
        assert client.get(path)[0] == 404
    assert client.get("/predict")[0] == 405
