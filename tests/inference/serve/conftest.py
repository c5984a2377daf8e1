import contextlib
import functools
import http.client
import json
import queue
import socket
import threading

import numpy as np
import pandas as pd
import pytest
import uvicorn

from litclf import BinaryClassifier, fit
from litclf.data.table import TableDataModule
from litclf.inference.model import load

pytest.importorskip("litserve")
from litserve.callbacks.base import CallbackRunner
from litserve.loops import inference_worker
from litserve.transport.process_transport import MPQueueTransport

from litclf.inference.serve.api import ModelAPI
from litclf.inference.serve.server import ModelServer

FAST = {"batch_size": None, "repeat": 30, "steps_per_execution": 30}
QUIET = {"max_epochs": 2, "enable_progress_bar": False}


class Client:
    """Asks a server; ``post`` and ``get`` return the status and the JSON, or the text, of the answer."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read().decode()
        finally:
            connection.close()
        self.headers = answer.headers
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(content) if is_json else content

    def get(self, path, headers=None):
        return self.ask("GET", path, headers=headers)

    def post(self, asked, headers=None):
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        return self.ask("POST", "/predict", body, headers)

    def predictions(self, asked):
        status, content = self.post(asked)
        assert status == 200, content
        return content["predictions"]


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(path, calibrated=True, threshold=None, member=None):
    """The server with its model in a thread instead of a process, which would import PyTorch for seconds."""
    port = free_port()
    api = ModelAPI(path, calibrated, threshold, member)
    server = ModelServer(api, load(path), "127.0.0.1", port)
    requests, server._transport = queue.Queue(), MPQueueTransport(None, [queue.Queue()])
    server.litapi_request_queues = {"/predict": requests}
    server.workers_setup_status, server.app.response_queue_id = {}, 0
    work = (api, "cpu", 0, requests, server._transport, server.workers_setup_status, CallbackRunner(), False)
    server.workers_setup_status["predict_0"] = "starting"
    threading.Thread(target=inference_worker, args=work, daemon=True).start()
    http_server = uvicorn.Server(uvicorn.Config(server.app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=http_server.run)
    thread.start()
    client = Client(port)
    try:
        while not http_server.started or client.get("/health")[0] != 200:
            assert thread.is_alive()
        yield client
    finally:
        server._transport.close(send_sentinel=True)
        http_server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def points(tmp_path_factory):
    """A run on two numbers with Korean class names that look like markup: left or right of zero."""
    root = tmp_path_factory.mktemp("points")
    x = np.random.default_rng(0).uniform(-2, 2, (400, 2))
    frame = pd.DataFrame({"가로": x[:, 0], "<b>높이</b>": x[:, 1]})
    frame["class"] = np.where(x[:, 0] > 0, "오른쪽 <i>&amp;", "왼쪽")
    frame.to_csv(root / "points.csv", index=False)
    data = TableDataModule(path=str(root / "points.csv"), target="class", **FAST)
    return fit(BinaryClassifier(hidden_dims=[], lr=1.0), data, default_root_dir=root, **QUIET).folder


@pytest.fixture
def table(table_run):
    return table_run.folder


@pytest.fixture(scope="session")
def serve():
    """A function that serves a run for the rest of the session, and returns a client."""
    with contextlib.ExitStack() as servers:
        yield functools.cache(lambda *args: servers.enter_context(serving(*args)))


@pytest.fixture
def unused_client():
    """A client of a port that nothing serves yet."""
    return Client(free_port())
