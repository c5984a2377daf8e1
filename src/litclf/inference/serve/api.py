"""Model API: what LitServe asks the model; each request checked on its own, those that wait answered together."""

# Annotations are objects here: LitServe hands them to FastAPI, which fills in what they depend on.
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Annotated, Any

import torch
from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from litserve import LitAPI
from litserve.loops.simple_loops import BatchedLoop

from litclf.inference.model import load
from litclf.inference.predictions import Predictions
from litclf.inference.serve.inputs import MAX_BYTES, Question, TooLargeError, parsed, question
from litclf.utilities.errors import InputError

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule

MAX_BATCH_SIZE = 64
"""Most requests that are answered together."""

BATCH_TIMEOUT = 0.002
"""How long a request waits for others to be answered with, in seconds."""

Answer = tuple[Predictions, tuple[str, ...]]
"""What is predicted of one request's inputs, and the notes on it."""


async def read_json(request: Request) -> Any:
    """The JSON of a request's body, of which no more than the limit is read, whatever length it claims.

    Raises:
        TooLargeError: If the body is longer than :data:`~litclf.inference.serve.inputs.MAX_BYTES`.
        InputError: If it is no JSON.
    """
    stated = request.headers.get("content-length", "")
    length, body = int(stated) if stated.isdigit() else 0, bytearray()
    if length <= MAX_BYTES:
        async for chunk in request.stream():
            body += chunk
            length = len(body)
            if length > MAX_BYTES:
                break
    if length > MAX_BYTES:
        rule = f"must be {MAX_BYTES} bytes at most, got {'more' if len(body) else length}"
        raise TooLargeError("body", rule, "send it in several requests")
    return parsed(bytes(body))


def refusal(error: InputError) -> JSONResponse:
    """The answer to a request that cannot be used: status 413 or 422, and one line.

    Example:
        >>> refusal(InputError("row 0", "lacks the column x2", "send x1, x2")).body
        b'{"detail":"row 0: lacks the column x2; fix: send x1, x2"}'
    """
    detail = " ".join(str(error).split())
    return JSONResponse({"detail": detail}, status_code=413 if isinstance(error, TooLargeError) else 422)


class WaitingLoop(BatchedLoop):  # type: ignore[misc]
    """The loop over batches, which sleeps until there is a request; LitServe's asks a thousand times a second."""

    def get_batch_requests(self, lit_api: LitAPI, request_queue: Any, transport: Any) -> tuple[list[Any], list[Any]]:
        """A request, once there is one, and those that follow it closely; none of them too late to be answered."""
        waiting = [request_queue.get()]
        with suppress(Empty):
            while len(waiting) < lit_api.max_batch_size:
                waiting.append(request_queue.get(timeout=lit_api.batch_timeout))
        return [(client, uid, asked) for client, uid, _, asked in waiting], []


class ModelAPI(LitAPI):  # type: ignore[misc]
    """A model that answers rows or images; it is loaded where LitServe starts a process for it.

    What is wrong with a request is an answer here and no exception, which would end all the requests of its batch.

    Args:
        path: The checkpoint.
        calibrated: Whether to apply the temperature and threshold that the checkpoint holds.
        threshold: As :func:`litclf.load` takes it.
        member: As :func:`litclf.load` takes it.
        module: As :func:`litclf.load` takes it.
    """

    def __init__(
        self,
        path: Path,
        calibrated: bool,
        threshold: float | None,
        member: int | None = None,
        module: "LightningModule | None" = None,
    ) -> None:
        super().__init__(max_batch_size=MAX_BATCH_SIZE, batch_timeout=BATCH_TIMEOUT, loop=WaitingLoop())
        self.path, self.calibrated, self.threshold, self.member = path, calibrated, threshold, member
        self.module = module

    def setup(self, device: str) -> None:
        """Loads the model."""
        self.model = load(self.path, self.calibrated, self.threshold, self.member, self.module)
        self.described = self.model.preparation.to_dict()
        torch.set_num_threads(self.model.threads)

    def decode_request(self, request: Annotated[Any, Depends(read_json)]) -> Question | InputError:
        """The network's inputs for a request, or what is wrong with it."""
        try:
            return question(self.described, request)
        except InputError as error:
            return error

    def batch(self, inputs: list[Question | InputError]) -> list[Question | InputError]:
        """The requests as they are."""
        return inputs

    def predict(self, x: list[Question | InputError]) -> list[Answer | InputError]:
        """Answers to requests, all inputs through the network together."""
        questions = [asked for asked in x if isinstance(asked, Question)]
        if not questions:
            return [asked for asked in x if isinstance(asked, InputError)]
        sizes = [len(asked.x) for asked in questions]
        predictions = self.model.decide(torch.cat([asked.x for asked in questions])).split(sizes)
        answers = zip(predictions, [asked.notes for asked in questions], strict=True)
        return [asked if isinstance(asked, InputError) else next(answers) for asked in x]

    def unbatch(self, output: list[Answer | InputError]) -> list[Answer | InputError]:
        """The answers as they are."""
        return output

    def encode_response(self, output: Answer | InputError) -> JSONResponse:
        """``{"predictions": [{"class": NAME, "probabilities": {NAME: SHARE, ...}}, ...]}``, or the refusal.

        Each prediction of a model with members has ``agreement``, ``deviation`` and ``mutual_information`` too, as
        :class:`~litclf.inference.predictions.Predictions` does.
        """
        if isinstance(output, InputError):
            return refusal(output)
        predicted, notes = output
        names = self.model.class_names
        predictions: list[dict[str, Any]] = [
            {"class": name, "probabilities": dict(zip(names, shares, strict=True))}
            for name, shares in zip(predicted.classes, predicted.probabilities.tolist(), strict=True)
        ]
        for measure, values in predicted.disagreement.items():
            for prediction, value in zip(predictions, values.tolist(), strict=True):
                prediction[measure] = value
        return JSONResponse({"predictions": predictions, **({"notes": list(notes)} if notes else {})})
