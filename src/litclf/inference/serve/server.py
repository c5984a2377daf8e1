"""Model server: LitServe's server of one model, its API, its page, and how its processes start and end.

What is used of LitServe that it does not document, each held by a test in
``tests/inference/serve/test_litserve_internals.py``:

- ``BatchedLoop.get_batch_requests``, and what lies in the queue that it reads: its own asks a thousand times a second.
- ``LitServer.launch_inference_worker``: where the model's process starts, which must not hear Ctrl-C.
- ``LitServer.verify_worker_status``: where the model is known to be ready, so that it can be told.
- ``SyncManager``: in the name of the process that carries messages, which ends by itself.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
import time
from typing import Any

from fastapi import Request, Response
from litserve import LitServer
from starlette.routing import Route

from litclf.inference.model import LoadedModel
from litclf.inference.serve.api import ModelAPI, refusal
from litclf.inference.serve.guard import Guard
from litclf.inference.serve.page import files
from litclf.utilities.errors import InputError


class ModelServer(LitServer):  # type: ignore[misc]
    """Serves ``POST /predict``, ``/health`` and a page at ``/``, with nothing that loads from elsewhere.

    Args:
        api: The model's API.
        model: The model, for the page.
        host: The address to serve.
        port: The port to serve.
    """

    def __init__(self, api: ModelAPI, model: LoadedModel, host: str, port: int) -> None:
        guard = (Guard, {"host": host})
        # FastAPI's pages of documentation, which come with the schema, load scripts from elsewhere.
        super().__init__(api, accelerator="cpu", disable_openapi_url=True, middlewares=[guard])
        self.address = (host, port)
        self.app.add_exception_handler(InputError, _refused)
        for path, (content, kind) in files(model).items():
            # Before LitServe's own, which has a page at / as well.
            self.app.router.routes.insert(0, Route(path, Response(content, media_type=kind), methods=["GET"]))

    def launch_inference_worker(self, lit_api: Any) -> Any:
        """Starts the process of the model, which does not hear Ctrl-C: it is ended by this one."""
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return super().launch_inference_worker(lit_api)
        finally:
            signal.signal(signal.SIGINT, heard)

    def verify_worker_status(self) -> None:
        """Waits for the model; where it can be asked is told once it can be, since who reads that opens it."""
        super().verify_worker_status()
        threading.Thread(target=self._tell, daemon=True).start()

    def _tell(self) -> None:
        host, port = self.address
        while True:
            try:
                socket.create_connection((host, port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                break
        print(f"serving     http://{f'[{host}]' if ':' in host else host}:{port}  (Ctrl-C ends it)", flush=True)


def end_processes() -> None:
    """Ends the processes that a server has started, at once, but for the one that carries messages.

    That one ends with this process, and then removes its files.
    """
    for child in multiprocessing.active_children():
        if not child.name.startswith("SyncManager"):
            child.kill()


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InputError)
    return refusal(error)
