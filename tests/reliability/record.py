"""Record of the experiments: the table of RELIABILITY.md."""

import platform
import re
from datetime import date

HEAD = """# Reliability

What `tests/reliability/` breaks, and how often litclf kept what it promises: k of n, by the command of each row.

| experiment | k of n | what happened | command | when, where |
|---|---|---|---|---|
"""


def record(path, name, result, note, command):
    """Writes the row of an experiment into the table of ``path``, in the place of its last one."""
    rows = {}
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = {found.group(1): line for line in lines if (found := re.match(r"\| (\w+) \| \d", line))}
    where = f"{date.today()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    rows[name] = f"| {name} | {result} | {note} | `{command}` | {where} |"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows.values()), encoding="utf-8")
