"""What executes a graph: torch itself, ONNX Runtime or OpenVINO."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, final

import torch
from torch import Tensor

from feathermr.core.errors import DataError, UsageError
from feathermr.core.optional import require
from feathermr.core.registry import look_up

Runtime = Literal["torch", "onnx", "openvino"]
Precision = Literal["fp32", "bf16", "int8"]
#: precisions of each runtime
PRECISIONS: Mapping[str, tuple[Precision, ...]] = {
    "torch": ("fp32", "bf16"),
    "onnx": ("fp32", "int8"),
    "openvino": ("fp32", "bf16", "int8"),
}
#: shapes of inputs for which a compiled graph is kept
KEPT_SHAPES = 6


class Engine(Protocol):
    """Executes one graph."""

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The graph's answers, float32, in memory that nobody else writes to."""
        ...


def check_precision(runtime: str, precision: str) -> None:
    """Refuse an unknown runtime, or a precision that it does not have.

    Raises:
        UsageError: the sentence says what there is.
    """
    known = look_up(PRECISIONS, runtime, "runtime")
    if precision not in known:
        holders = [name for name, those in PRECISIONS.items() if precision in those]
        where = f"; {precision} is of {' and '.join(holders)}" if holders else ""
        raise UsageError(f"{runtime} computes in {' or '.join(known)}, not in '{precision}'{where}")


@final
class TorchEngine:
    """The module itself, its layers in another precision where torch can.

    Args:
        forward: of the module, with the tensors in the order of the graph's inputs.
        precision: ``fp32`` or ``bf16``.
    """

    def __init__(self, forward: Callable[..., list[Tensor]], precision: str) -> None:
        self.forward, self.precision = forward, precision

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Its answers."""
        kind = inputs[0].device.type
        with torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bf16"):
            answers = self.forward(*inputs)
        return [each.float() for each in answers]


@final
class OnnxEngine:
    """ONNX Runtime on the processor.

    Args:
        files: the content of the one ``.onnx`` file.
        precision: what the file holds; it changes nothing here.
        threads: of the processor; 0 for as many as torch uses.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        DataError: it cannot read the graph.
    """

    def __init__(self, files: Sequence[bytes], precision: str, threads: int = 0) -> None:
        runtime = require("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self.session = runtime.InferenceSession(
                files[0], options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # of many kinds, none of them public
            raise DataError(f"ONNX Runtime cannot read the graph: {_first(error)}") from error
        self.names = [each.name for each in self.session.get_inputs()]

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Its answers; inputs that lie in one piece are not copied, answers never."""
        arrays = (on_processor(each).numpy() for each in inputs)
        try:
            answers = self.session.run(None, dict(zip(self.names, arrays, strict=True)))
        except Exception as error:
            raise DataError(f"ONNX Runtime cannot run the graph: {_first(error)}") from error
        return [torch.from_numpy(each) for each in answers]


@final
class OpenvinoEngine:
    """OpenVINO on the processor, compiled once for each shape of the inputs.

    Args:
        files: the content of an ``.xml`` and of its ``.bin``, or of one ``.onnx`` file.
        precision: ``fp32``; or, where the processor has it, bfloat16 for what is not int8.
        threads: of the processor; 0 for as many as torch uses.

    Raises:
        MissingExtraError: OpenVINO is not installed.
        DataError: it cannot read the graph.
    """

    def __init__(self, files: Sequence[bytes], precision: str, threads: int = 0) -> None:
        self.openvino = require("openvino")
        self.core = self.openvino.Core()
        hint = "f32" if precision == "fp32" else "bf16"
        self.settings = {
            "INFERENCE_PRECISION_HINT": hint,
            "INFERENCE_NUM_THREADS": threads or torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
        }
        try:
            self.model = self.core.read_model(*files)
        except Exception as error:
            raise DataError(f"OpenVINO cannot read the graph: {_first(error)}") from error
        self._compiled: OrderedDict[tuple[torch.Size, ...], _Compiled] = OrderedDict()
        self._alone = threading.Lock()

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Its answers; the runtime reads the inputs and writes the answers where they lie."""
        given = [on_processor(each) for each in inputs]
        with self._alone:
            return self._run(given)

    def _run(self, given: list[Tensor]) -> list[Tensor]:
        shapes = tuple(each.shape for each in given)
        if shapes not in self._compiled:
            self._compiled[shapes] = self._compile(shapes)
            if len(self._compiled) > KEPT_SHAPES:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(shapes)
        request, answers = self._compiled[shapes]
        found = [torch.empty(shape) for shape in answers]
        tensor = self.openvino.Tensor
        for index, each in enumerate(given):
            request.set_input_tensor(index, tensor(each.numpy(), shared_memory=True))
        for index, each in enumerate(found):
            request.set_output_tensor(index, tensor(each.numpy(), shared_memory=True))
        request.infer()
        return found

    def _compile(self, shapes: tuple[torch.Size, ...]) -> _Compiled:
        try:
            fixed = self.model.clone()
            fixed.reshape(dict(enumerate(list(shape) for shape in shapes)))
            compiled = self.core.compile_model(fixed, "CPU", self.settings)
        except Exception as error:
            raise DataError(f"OpenVINO cannot run the graph: {_first(error)}") from error
        answers = [tuple(each.get_shape()) for each in compiled.outputs]
        return compiled.create_infer_request(), answers


_Compiled = tuple[Any, list[tuple[int, ...]]]

#: what executes the files of a graph
ENGINES: Mapping[str, Callable[[Sequence[bytes], str, int], Engine]] = {
    "onnx": OnnxEngine,
    "openvino": OpenvinoEngine,
}


def on_processor(tensor: Tensor) -> Tensor:
    """Real numbers in single precision that lie in one piece in the processor's memory.

    Raises:
        UsageError: they lie elsewhere.
    """
    if tensor.device.type != "cpu":
        raise UsageError("exported graphs run on the processor; leave --device out")
    return tensor.detach().float().contiguous()


def _first(error: Exception) -> str:
    """The first line of what a runtime says."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")
