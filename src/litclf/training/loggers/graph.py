"""Graph of a network, as TensorBoard draws it: what is called in one forward pass, module by module.

The pass is watched as it runs, so that every network has a graph that has a forward pass. A trace by TorchScript, which
TensorBoard's own way goes by, takes as long as 700 steps of a small network, and is deprecated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import torch
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


def graph_of(network: nn.Module, example: Tensor) -> GraphDef:
    """The functions that ``network`` calls in evaluation mode, within the modules that call them.

    Args:
        network: The network; it is left in the mode it was in.
        example: Inputs, on the device of the network.

    Example:
        >>> graph = graph_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), torch.zeros(1, 2))
        >>> [(node.name, list(node.input)) for node in graph.node]
        [('input', []), ('0/linear', ['input']), ('1/relu', ['0/linear'])]
    """
    calls, training = _Calls(example), network.training
    with ExitStack() as stack, torch.no_grad():
        stack.callback(network.train, training)
        network.eval()
        for name, module in network.named_modules():
            if name:
                stack.callback(module.register_forward_pre_hook(calls.entering(name)).remove)
                stack.callback(module.register_forward_hook(calls.leaving, always_call=True).remove)
        with calls:
            network(example)
    return GraphDef(node=calls.nodes)


class _Calls(TorchFunctionMode):
    """Notes each function that is called with tensors: where, and which calls made what it takes."""

    def __init__(self, example: Tensor) -> None:
        super().__init__()
        self.nodes: list[NodeDef] = []
        self._names: Counter[str] = Counter()
        self._modules: list[str] = []
        # With the tensors, of which another would get the number of one that is gone.
        self._made_by: dict[int, tuple[Tensor, str]] = {}
        self._note("input", [], [example])

    def entering(self, name: str) -> Callable[..., None]:
        """A hook before the forward pass of the module ``name``."""
        return lambda *_: self._modules.append(name.replace(".", "/"))

    def leaving(self, *_: Any) -> None:
        """The hook after it."""
        self._modules.pop()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        taken = list(_tensors((args, kwargs)))  # before the call, which may change them in place
        sources = [self._made_by[id(one)][1] for one in taken if id(one) in self._made_by]
        result = func(*args, **(kwargs or {}))
        made = list(_tensors(result))
        if made and sources:
            self._note(func.__name__.strip("_"), sources, made)
        return result

    def _note(self, function: str, sources: list[str], made: list[Tensor]) -> None:
        name = "/".join([*self._modules[-1:], function])
        self._names[name] += 1
        if self._names[name] > 1:
            name = f"{name}_{self._names[name] - 1}"
        shapes = [TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in one.shape]) for one in made]
        attributes = {"_output_shapes": AttrValue(list=AttrValue.ListValue(shape=shapes))}
        self.nodes.append(NodeDef(name=name, op=function, input=sources, attr=attributes))
        self._made_by.update({id(one): (one, name) for one in made})


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
