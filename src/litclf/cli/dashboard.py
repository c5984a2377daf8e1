"""Command ``litclf dashboard``: TensorBoard over runs, on an address that only this machine reaches."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from litclf.cli.arguments import ToolParser
from litclf.runs.versions import name_of
from litclf.utilities.errors import InputError

_LOOPBACK = "127.0.0.1"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(args: list[str]) -> int:
    """``litclf dashboard [RUN...]``: prints the address of a dashboard, and stays until it is told to end.

    Args:
        args: Run folders, or folders with runs below; without any, ``lightning_logs`` is shown.

    Returns:
        The exit code: 130 after Ctrl-C, 143 after SIGTERM.

    Raises:
        InputError: If a folder has no event files, or the address cannot be had.
        SystemExit: For ``--help``.
    """
    parser = ToolParser("dashboard", "Show runs in TensorBoard until Ctrl-C.")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="run folders; default: lightning_logs")
    parser.add_argument("--host", default=_LOOPBACK, help=f"address to listen on; default: {_LOOPBACK}")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; default: 0, any that is free")
    options = parser.parse_args(args)
    stops: SimpleQueue[int] = SimpleQueue()
    # From here on, so that a signal during the start ends as quietly as a later one.
    handlers = {number: signal.signal(number, lambda number, _: stops.put(number)) for number in _SIGNALS}
    try:
        url, server = start(options.runs or [Path("lightning_logs")], options.host, options.port)
        with server:
            if not ipaddress.ip_address(_address(options.host, options.port)[1]).is_loopback:
                warning = f"warning: --host {options.host} shows the runs to everyone who reaches this machine"
                print(warning, file=sys.stderr)
            print(f"dashboard   {url}  (Ctrl-C ends it)", flush=True)
            return 128 + stops.get()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def start(runs: Sequence[Path], host: str = _LOOPBACK, port: int = 0) -> tuple[str, ExitStack]:
    """Starts TensorBoard in threads of this process.

    Args:
        runs: Folders with event files in them or below. A single folder of runs shows these under their own names;
            otherwise each is shown under its own, such as ``circles/version_0``.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.

    Returns:
        The address of its page, and the server, which ends by ``close()`` or at the end of a ``with``.

    Raises:
        InputError: If a folder has no event files, or the address cannot be had.
    """
    for run in runs:
        if not any(run.rglob("*tfevents*")):
            rule = "holds no event files of TensorBoard" if run.is_dir() else "is no folder"
            raise InputError(str(run), rule, "pass a run folder such as lightning_logs/circles/version_0")
    _check_address(host, port)
    from tensorboard import program  # slow to load

    with ExitStack() as stack:
        # TensorBoard's own way to show several folders adds "/." to their names, and trips over commas.
        several = len(runs) > 1 or any(runs[0].glob("*tfevents*"))
        logdir = _links(runs, stack.enter_context(TemporaryDirectory(prefix="litclf-"))) if several else runs[0]

        def serve(app: Any, flags: Any) -> Any:
            server = program.WerkzeugServer(app, flags)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return server

        board = program.TensorBoard(server_class=serve)
        # The fast loader is a process of its own, which a signal could leave behind.
        board.configure(argv=[""], logdir=str(logdir), host=host, port=port, load_fast="false")
        return board.launch(), stack.pop_all()


def _links(runs: Sequence[Path], folder: str) -> Path:
    """Fills ``folder`` with a link to each run, under the name it is shown by."""
    resolved = list(dict.fromkeys(run.resolve() for run in runs))
    names = [name_of(run) for run in resolved]
    # A name within another would lead through its link, into the run itself.
    if any(f"{inner}/".startswith(f"{outer}/") for outer, inner in permutations(names, 2)):
        names = ["-".join(run.parts[1:]) for run in resolved]
    for name, run in zip(names, resolved, strict=True):
        link = Path(folder) / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(run, target_is_directory=True)
    return Path(folder)


def _check_address(host: str, port: int) -> None:
    """Refuses an address that cannot be listened on, for which TensorBoard would end the process."""
    if not 0 <= port < 2**16:
        raise InputError("--port", f"must be at least 0 and below 65536, got {port}", "pass 0 for any that is free")
    try:
        family, address = _address(host, port)
        with socket.create_server((address, port), family=family):
            pass
    except (OSError, UnicodeError) as error:
        rule = f"cannot listen on {host}, port {port}: {error}"
        raise InputError(
            "litclf dashboard", rule, f"pass --host {_LOOPBACK} and --port 0, for any that is free"
        ) from error


def _address(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, str(address[0])
