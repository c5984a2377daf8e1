"""Versions of a run: the folders ``version_0``, ``version_1``, ... below its name, told apart from all others here."""

from __future__ import annotations

from pathlib import Path

_PREFIX = "version_"


def number_of(folder: Path) -> int | None:
    """The number of a version; None where the folder is none.

    Example:
        >>> number_of(Path("lightning_logs/circles/version_12")), number_of(Path("lightning_logs/circles"))
        (12, None)
    """
    number = folder.name.removeprefix(_PREFIX)
    return int(number) if folder.name.startswith(_PREFIX) and number.isdecimal() else None


def versions_in(parent: Path) -> list[Path]:
    """The versions below ``parent``, from the first to the newest."""
    found = [(number, path) for path in parent.glob(f"{_PREFIX}*") if (number := number_of(path)) is not None]
    return [path for _, path in sorted(found)]


def runs_folder(root: str | Path | None, name: str) -> Path:
    """The folder of the versions of runs called ``name``, below ``root`` or the folder that the process is in.

    Example:
        >>> runs_folder(None, "circles").as_posix()
        'lightning_logs/circles'
    """
    return Path(root or ".") / "lightning_logs" / name


def next_version(parent: Path) -> Path:
    """The folder that :func:`new_version` would make below ``parent``, if nobody else asks before."""
    return parent / f"{_PREFIX}{max((number_of(path) or 0 for path in versions_in(parent)), default=-1) + 1}"


def new_version(parent: Path) -> Path:
    """Makes the folder with the next free number below ``parent``; any number of processes may ask at once.

    Example:
        >>> import tempfile
        >>> parent = Path(tempfile.mkdtemp()) / "circles"
        >>> new_version(parent).name, new_version(parent).name
        ('version_0', 'version_1')
    """
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = next_version(parent)
        try:
            folder.mkdir()  # fails where another run took the number in the meantime
        except FileExistsError:
            continue
        return folder


def name_of(folder: Path) -> str:
    """What a run is called beside others: its folder, with the one above it where that is what tells versions apart.

    Example:
        >>> name_of(Path("lightning_logs/circles/version_3")), name_of(Path("my-run"))
        ('circles/version_3', 'my-run')
    """
    return folder.name if number_of(folder) is None else f"{folder.parent.name}/{folder.name}"
