"""Command ``litclf serve``: a trained model behind HTTP."""

from __future__ import annotations

import gc
import importlib.util
import logging
import signal
import socket
import sys
from contextlib import closing
from typing import Any, NoReturn

from litclf.cli.trained import ModelParser, load_model, own_module
from litclf.utilities.errors import InputError

_HOSTS = ("127.0.0.1", "0.0.0.0", "::")
"""This machine alone; all that reach it; all that reach it, by IPv6 as well."""


def main(args: list[str]) -> int:
    """Serves the model at ``--ckpt_path`` until it is ended by Ctrl-C or SIGTERM.

    Args:
        args: The arguments, without the command's name.

    Returns:
        The exit code: 1 where the server ended by itself.

    Raises:
        InputError: If something given cannot be used; nothing has been started then.
        SystemExit: For ``--help``, with 130 for Ctrl-C, and with 143 for SIGTERM.
    """
    parser = ModelParser("serve", "Answers predictions over HTTP, with a page to try them on.")
    parser.add_argument("--host", default=_HOSTS[0], choices=_HOSTS, help="address; default: this machine alone")
    parser.add_argument("--port", default=8000, type=int, help="port, default: 8000")
    given = parser.parse_args(args)
    if importlib.util.find_spec("litserve") is None:
        raise InputError("serve", "needs the package litserve, which is not installed", "pip install 'litclf[serve]'")
    _check_port(given.host, given.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    model = load_model(given)
    from litclf.inference.serve.api import ModelAPI
    from litclf.inference.serve.server import ModelServer, end_processes

    if given.host != _HOSTS[0]:
        print(
            f"note        {given.host} lets every machine that reaches this one ask, without a password",
            file=sys.stderr,
        )
    own = own_module(given.ckpt_path, given.allow_classes)
    api = ModelAPI(model.path, given.calibration, given.threshold, given.member, own)
    server = ModelServer(api, model, given.host, given.port)
    try:
        server.run(given.host, given.port, log_level="error", generate_client_file=False)
    except (EOFError, ConnectionError, RuntimeError) as error:
        print(f"error: server: its process of the model ended: {type(error).__name__}", file=sys.stderr)
    finally:
        end_processes()
    return 1


def _end(number: int, _frame: Any) -> NoReturn:
    # Only what has been imported can have started a process.
    server = sys.modules.get("litclf.inference.serve.server")
    if server is not None:
        logging.disable()  # LitServe watches its processes, and would tell of their end
        server.end_processes()
    # All that PyTorch has loaded would else be looked through once more, for seconds, with the port still taken.
    gc.freeze()
    sys.exit(128 + number)


def _check_port(host: str, port: int) -> None:
    """Tells of a port that is taken before the model is loaded."""
    if not 1024 <= port <= 65535:
        raise InputError("--port", f"must lie between 1024 and 65535, got {port}", "pass a port such as 8000")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        # A server that has just ended leaves its port to the next one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            rule = f"{port} on {host} cannot be used: {error.strerror}"
            raise InputError("--port", rule, f"end what uses it, or pass another, such as --port {port + 1}") from error
