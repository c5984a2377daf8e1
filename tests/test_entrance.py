"""The entrance of the process: how it ends."""

import subprocess
import sys

import pytest

ENDS = """
import atexit, threading, time
from litclf import __main__ as process

class Kept:
    def __del__(self):
        print("taken apart")

def main():
    atexit.register(lambda: print("told of the end"))
    threading.Thread(target=lambda: (time.sleep(0.1), print("thread ended"))).start()
    print("ran")
    END

kept, process.main = Kept(), main
process.entrance()
"""


@pytest.mark.parametrize(
    ("end", "code", "last"),
    [("return 0", 0, []), ("return 130", 130, []), ("raise ValueError('a bug')", 1, ["taken apart"])],
)
def test_a_process_waits_for_its_threads_and_tells_its_end_and_takes_nothing_apart(end, code, last):
    done = subprocess.run([sys.executable, "-c", ENDS.replace("END", end)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (code, ["ran", "thread ended", "told of the end", *last])
    assert ("ValueError: a bug" in done.stderr) is bool(last)


def test_a_reader_that_leaves_is_no_error():
    command = f"{sys.executable} -m litclf presets | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_standard_streams_that_are_closed_are_held_from_files_of_the_run():
    """Else what a library prints below Python, or a child process, is written into a file of the run."""
    code = "import os; from litclf import __main__ as process; process.main = lambda: os.write(1, b'x') - 1"
    command = f'{sys.executable} -c "{code}; process.entrance()" <&- >&-'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
