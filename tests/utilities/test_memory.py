"""What a process may take, by the machine and its container, and the line where there is no more."""

import numpy as np
import pytest
import torch

from litclf.utilities import memory
from litclf.utilities.memory import lack_of_resources, memory_limit


@pytest.mark.parametrize(("content", "limit"), [("1048576\n", 2**20), ("max\n", None), ("", None)])
def test_the_limit_of_a_container_counts(content, limit, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_OF_CONTAINERS", (tmp_path / "nothing",))
    of_machine = memory_limit()
    (tmp_path / "memory.max").write_text(content)
    monkeypatch.setattr(memory, "_OF_CONTAINERS", (tmp_path / "nothing", tmp_path / "memory.max"))
    assert memory_limit() == (limit or of_machine)


@pytest.mark.parametrize(
    ("allocate", "size"),
    [
        (lambda: np.empty(2**60, np.int8), "1.00 EiB"),
        (lambda: torch.empty(2**60, dtype=torch.int8), "1152921504606846976 bytes"),
    ],
    ids=["numpy", "torch"],
)
def test_what_libraries_say_of_memory_is_one_line(allocate, size):
    with pytest.raises((MemoryError, RuntimeError)) as error:
        allocate()
    assert str(lack_of_resources(error.value)).startswith(f"memory: does not hold {size} more; fix: ")


def test_a_card_that_is_full_is_known_and_other_errors_are_not():
    told = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 10.00 MiB"
    assert "does not hold 20.00 MiB more" in str(lack_of_resources(torch.OutOfMemoryError(told)))
    assert lack_of_resources(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None


def test_a_thread_that_cannot_be_started_is_one_line():
    line = str(lack_of_resources(RuntimeError("can't start new thread")))
    assert line.startswith("threads: cannot be started: the system allows no more; fix: ")
