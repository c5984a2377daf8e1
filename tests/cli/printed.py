"""What was printed, read back."""

import re


def table_in(printed):
    """Cells of the table by metric and stage."""
    lines = printed.splitlines()
    head = next(number for number, line in enumerate(lines) if re.fullmatch(r" +(train|val|test|ensemble)( .*)?", line))
    places = {name: lines[head].index(f" {name}") + 1 for name in lines[head].split()}
    ends = [*list(places.values())[1:], None]
    rows = [
        line for line in lines[head + 1 :] if line[:1].strip() and line[: places[min(places, key=places.get)]].strip()
    ]
    return {
        (row.split()[0], name): row[place:end].strip()
        for row in rows
        for (name, place), end in zip(places.items(), ends, strict=True)
    }
