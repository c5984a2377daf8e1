import numpy as np
import pandas as pd
import torch

from litclf.inference.export.graph import Pixels, TableRows
from litclf.preprocessing.image import ImagePreparation
from litclf.preprocessing.table import TablePreparation

PREPARATION = TablePreparation(
    ["year", "colour", "size"],
    {
        "year": {"fill": 2000.0, "mean": 1990.0, "scale": 5.0, "indicator": False},
        "size": {"fill": 0.0, "mean": 1e8, "scale": 0.5, "indicator": True},
    },
    {"colour": ["blue", None, "red"]},
)
ROWS = pd.DataFrame({"year": [2019, None, 1950], "colour": ["red", None, "blue"], "size": [1e8 + 1, 1e8, None]})


def test_rows_of_a_table_become_what_the_preparation_makes_of_them():
    raw = np.array([[2019, 2, 1e8 + 1], [np.nan, 1, 1e8], [1950, 0, np.nan]])
    assert torch.equal(TableRows(PREPARATION)(torch.from_numpy(raw)), PREPARATION.inputs(ROWS))


def test_a_category_that_is_in_no_list_is_none_of_them():
    raw = torch.tensor([[2019, -1, 1e8]], dtype=torch.float64)
    assert TableRows(PREPARATION)(raw)[0, 3:].tolist() == [0, 0, 0]


def test_raw_rows_of_network_inputs_lead_back_to_them():
    rows, x = TableRows(PREPARATION), PREPARATION.inputs(ROWS)
    x = torch.cat([x, x[:1]])
    x[-1, 3:] = 0  # a category that is in no list
    raw = rows.raw(x)
    assert torch.equal(rows(raw), x)
    assert raw[:, 1].tolist() == [2, 1, 0, -1]
    assert torch.isnan(raw[:, 2]).tolist() == [False, False, True, False]


def test_a_table_without_categories_or_without_numbers_has_a_graph():
    numbers = TablePreparation(["size"], {"size": PREPARATION.numbers["size"]}, {})
    assert torch.equal(TableRows(numbers)(torch.tensor([[1e8]]).double()), numbers.inputs([[1e8]]))
    categories = TablePreparation(["colour"], {}, {"colour": ["blue", "red"]})
    assert TableRows(categories)(torch.tensor([[1.0]]).double()).tolist() == [[0, 1]]


def test_bins_of_numbers_are_those_of_the_preparation():
    size = PREPARATION.numbers["size"] | {"edges": [0.0, 1.0, 1e8, 2e8]}
    binned = TablePreparation(["colour", "size"], {"size": size}, {"colour": ["blue", "red"]})
    raw = np.array([[0, 0.25], [1, np.nan], [0, 1.5e8], [-1, 3e8]])
    rows = pd.DataFrame({"colour": ["blue", "red", "blue", None], "size": raw[:, 1]})
    x = TableRows(binned)(torch.from_numpy(raw))
    assert torch.equal(x, binned.inputs(rows))
    assert x[2, 4:].tolist() == [1, 1, 0.5]


def test_pixels_are_those_of_the_preparation():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    pixels, x = Pixels([1, 16, 16]), ImagePreparation(16, 16, 1).inputs(images)
    assert torch.equal(pixels.raw(x), torch.from_numpy(images)[None])
    assert torch.equal(pixels(pixels.raw(x)), x)
