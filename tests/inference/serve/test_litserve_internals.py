"""Fails when LitServe changes what `inference/serve` uses of it without its documenting it: a test for each name."""

import asyncio
import inspect
import multiprocessing
import queue
import re
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

pytest.importorskip("litserve")
from litserve import LitServer
from litserve.loops.simple_loops import BatchedLoop
from litserve.server import BaseRequestHandler
from litserve.utils import WorkerSetupStatus

from litclf.inference.serve import server
from litclf.inference.serve.api import WaitingLoop

NAMES = ("get_batch_requests", "launch_inference_worker", "verify_worker_status", "SyncManager")


def test_each_name_that_is_listed_has_its_test():
    listed = re.findall(r"^- ``(?:\w+\.)?(\w+)``", server.__doc__, re.MULTILINE)
    assert sorted(listed) == sorted(NAMES)
    assert all(f"test_{name}" in "".join(globals()) for name in NAMES)


def test_get_batch_requests_is_what_the_loop_asks_for_its_batch():
    theirs, ours = (inspect.signature(kind.get_batch_requests) for kind in (BatchedLoop, WaitingLoop))
    assert list(theirs.parameters) == list(ours.parameters)
    assert "self.get_batch_requests(" in inspect.getsource(BatchedLoop.run_batched_loop)
    waiting = queue.Queue()
    for number in range(3):
        waiting.put((0, f"uid {number}", 1.5, {"x": number}))
    api = SimpleNamespace(max_batch_size=2, batch_timeout=0.0)
    assert WaitingLoop().get_batch_requests(api, waiting, None) == (
        [(0, "uid 0", {"x": 0}), (0, "uid 1", {"x": 1})],
        [],
    )


def test_get_batch_requests_reads_what_the_server_queues():
    server, handler = MagicMock(), MagicMock()
    handler.server = server
    asyncio.run(BaseRequestHandler._submit_request(handler, {"x": 1}))
    (queued,), _ = server._get_request_queue.return_value.put.call_args
    client, _, _, payload = queued
    assert (client, payload) == (server.app.response_queue_id, {"x": 1})


def test_launch_inference_worker_is_called_for_each_api():
    assert list(inspect.signature(LitServer.launch_inference_worker).parameters) == ["self", "lit_api"]
    assert "self.launch_inference_worker(lit_api)" in inspect.getsource(LitServer)


def test_verify_worker_status_waits_until_a_worker_is_ready():
    ready = SimpleNamespace(workers_setup_status={0: WorkerSetupStatus.READY})
    assert LitServer.verify_worker_status(ready) is None
    failed = SimpleNamespace(workers_setup_status={0: WorkerSetupStatus.ERROR})
    with pytest.raises(RuntimeError, match="failed to start"):
        LitServer.verify_worker_status(failed)
    assert "self.verify_worker_status()" in inspect.getsource(LitServer)


def test_SyncManager_is_in_the_name_of_the_process_that_carries_messages():  # noqa: N802
    before = set(multiprocessing.active_children())
    with multiprocessing.Manager():
        (manager,) = set(multiprocessing.active_children()) - before
        assert manager.name.startswith("SyncManager")
    assert "mp.Manager()" in inspect.getsource(LitServer)
