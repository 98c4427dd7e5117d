"""Graphs of LiteRT files, to be changed."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

_NAMES = {v: k for k, v in vars(schema.BuiltinOperator).items() if k[0] != "_"}
_TYPES = {"int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32}
_FLOATS = (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
# What a kernel for tensors of 8 bits is called, where it is not the first.
_VERSIONS = {"GATHER": 2}


class Graph:
    """A graph of a LiteRT file.

    Tensors are numbers of the file. A constant or operator that is added has
    the type and place that it is given.

    Args:
        model: The file's `ModelT`.
        subgraph: A `SubGraphT` of it.
    """

    def __init__(self, model, subgraph):
        self.model, self.operators = model, subgraph.operators
        self._tensors, self._results = subgraph.tensors, subgraph.outputs

    def name(self, operator) -> str:
        """Returns the kind of an operator, such as LEAKY_RELU."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        if code.customCode:  # TensorFlow's operators are called "Flex...".
            return code.customCode.decode().removeprefix("Flex")
        # Files have the first 127 kinds in the older field.
        return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def is_int8(self, tensor: int) -> bool:
        """Whether a tensor is of 8-bit numbers with one scale."""
        found = self._tensors[tensor]
        quantization = found.quantization
        return (
            found.type == schema.TensorType.INT8
            and quantization is not None
            and quantization.scale is not None
            and len(quantization.scale) == 1
        )

    def scale(self, tensor: int) -> tuple[float, int]:
        """Returns the size of a step and the code of 0."""
        found = self._tensors[tensor].quantization
        return float(found.scale[0]), int(found.zeroPoint[0])

    def in_floats(self, operator) -> bool:
        """Whether an operator takes or gives floating-point numbers."""
        used = [*operator.inputs, *operator.outputs]
        return any(self._tensors[i].type in _FLOATS for i in used if i >= 0)

    def back(self, operator, stop: Callable) -> tuple[list, list]:
        """Returns what an operator is computed from, as far as `stop` says.

        Returns:
            The operators before it, and those at which to stop.
        """
        makers = self._makers()
        between, found = [], []
        waiting = [*operator.inputs]
        while waiting:
            maker = makers.pop(waiting.pop(), None)
            if maker is None:
                continue
            if stop(maker):
                found.append(maker)
            else:
                between.append(maker)
                waiting += [*maker.inputs]
        return between, found

    def maker(self, tensor: int):
        """Returns the operator that computes a tensor, or None."""
        return self._makers().get(tensor)

    def _makers(self) -> dict:
        return {i: op for op in self.operators for i in op.outputs}

    def add_like(self, tensor: int, dtype: str, name: str) -> int:
        """Adds a tensor of the shape of another."""
        like = self._tensors[tensor]
        added = schema.TensorT()
        added.shape, added.shapeSignature = like.shape, like.shapeSignature
        added.hasRank, added.type = like.hasRank, _TYPES[dtype]
        return self._add(added, f"{like.name.decode()}/{name}")

    def constant(self, value: np.ndarray, like: int | None = None) -> int:
        """Adds a constant, with the scale of another tensor if it has one."""
        added, data = schema.TensorT(), schema.BufferT()
        data.data = np.frombuffer(value.tobytes(), "uint8")
        self.model.buffers.append(data)
        added.buffer = len(self.model.buffers) - 1
        added.shape, added.type = value.shape, _TYPES[value.dtype.name]
        added.hasRank = True
        if like is not None:
            added.quantization = self._tensors[like].quantization
        return self._add(added, f"constant_{len(self._tensors)}")

    def _add(self, tensor, name: str) -> int:
        tensor.name = name.encode()
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def operator(self, name: str, inputs: list[int], outputs: list[int]):
        """Returns an operator with the options that it has by itself."""
        made = schema.OperatorT()
        made.inputs, made.outputs = inputs, outputs
        made.opcodeIndex = self._code(name)
        options = name.title() + "Options"
        made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        made.builtinOptions = getattr(schema, options + "T")()
        if name == "CAST":
            made.builtinOptions.inDataType = self._tensors[inputs[0]].type
            made.builtinOptions.outDataType = self._tensors[outputs[0]].type
        return made

    def _code(self, name: str) -> int:
        number = getattr(schema.BuiltinOperator, name)
        version = _VERSIONS.get(name, 1)
        for i, code in enumerate(self.model.operatorCodes):
            if (code.builtinCode, code.version) == (number, version):
                return i
        code = schema.OperatorCodeT()
        code.builtinCode, code.version = number, version
        code.deprecatedBuiltinCode = min(number, 127)
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def replace(self, operator, others: list) -> None:
        """Puts operators in the place of one."""
        place = self.operators.index(operator)
        self.operators[place : place + 1] = others

    def drop(self, operators: list) -> None:
        """Removes those of the operators that nothing needs."""
        waiting = list(operators)
        while waiting:
            needed = {*self._results}
            needed.update(i for op in self.operators for i in op.inputs)
            unused = [op for op in waiting if needed.isdisjoint(op.outputs)]
            if not unused:
                return
            for operator in unused:
                self.operators.remove(operator)
                waiting.remove(operator)


def of_tensorflow(path: str | pathlib.Path) -> list[str]:
    """Returns the operators of a file that LiteRT has not, in small letters."""
    codes = flatbuffer_utils.read_model(str(path)).operatorCodes
    custom = (code.customCode.decode() for code in codes if code.customCode)
    # TensorFlow's operators are called "Flex...".
    flex = (name for name in custom if name.startswith("Flex"))
    return sorted({name.removeprefix("Flex").lower() for name in flex})


def forget_unused(model) -> None:
    """Takes tensors that nothing uses, and their data, out of a file."""
    for number, subgraph in enumerate(model.subgraphs):
        named = [
            place
            for signature in model.signatureDefs or []
            if signature.subgraphIndex == number
            for place in [*signature.inputs, *signature.outputs]
        ]
        holders = [(subgraph, "inputs"), (subgraph, "outputs")]
        for operator in subgraph.operators:
            holders += [
                (operator, name)
                for name in ("inputs", "outputs", "intermediates")
                if getattr(operator, name) is not None
            ]
        used = {i for holder in holders for i in getattr(*holder)}
        used.update(place.tensorIndex for place in named)
        kept = sorted(used - {-1})  # For an input that is left out.
        new = {-1: -1, **{old: i for i, old in enumerate(kept)}}
        subgraph.tensors = [subgraph.tensors[i] for i in kept]
        for holder, name in holders:
            setattr(holder, name, [new[i] for i in getattr(holder, name)])
        for place in named:
            place.tensorIndex = new[place.tensorIndex]
    buffers = {t.buffer for graph in model.subgraphs for t in graph.tensors}
    buffers.update(entry.buffer for entry in model.metadata or [])
    for number, buffer in enumerate(model.buffers):
        if number not in buffers:
            buffer.data = None


def read_shapes_of_integers(model) -> None:
    """Lets operators that read a shape have the integers, not their numbers.

    The converter turns integers into floating-point numbers for them.
    """
    for subgraph in model.subgraphs:
        graph = Graph(model, subgraph)
        for operator in list(subgraph.operators):
            if graph.name(operator) == "SHAPE":
                maker = graph.maker(operator.inputs[0])
                if maker and graph.name(maker) == "DEQUANTIZE":
                    operator.inputs = maker.inputs
                    graph.drop([maker])


def left_in_floats(model) -> list[str]:
    """Returns the names of operators that compute in floating-point numbers.

    Those between them and integers are named if there are no others.
    """
    left = set()
    for subgraph in model.subgraphs:
        graph = Graph(model, subgraph)
        left.update(
            graph.name(operator).lower()
            for operator in subgraph.operators
            if graph.in_floats(operator)
        )
    return sorted(left - {"quantize", "dequantize"} or left)
