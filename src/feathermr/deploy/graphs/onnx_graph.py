"""A module as an ONNX graph, of any batch and size where it can be."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.errors import DataError
from feathermr.core.optional import require
from feathermr.deploy.graphs.graph import called
from feathermr.deploy.graphs.signature import Signature, tensors_of
from feathermr.deploy.graphs.trace import Call, Use

#: of the operators; OpenVINO ignores the axis of the DFT of later ones, which no graph holds
OPSET = 18


@final
class _Positional(nn.Module):
    """A module as a function of tensors alone."""

    def __init__(self, module: nn.Module, signature: Signature) -> None:
        super().__init__()
        self.module, self.signature = module, signature

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Its answers that are tensors."""
        return tuple(called(self.module, self.signature)(*tensors))


def onnx_graph(module: nn.Module, use: Use, *, dynamic: bool = True) -> bytes:
    """The content of an ONNX file.

    Args:
        module: folded, in evaluation mode.
        use: of it.
        dynamic: axes whose sizes differ among the calls of ``use`` are left open.

    Raises:
        DataError: torch cannot write it.
        MissingExtraError: ONNX is not installed.
    """
    require("onnx")
    names = list(use.signature.inputs)
    answers = [f"answer_{index}" for index in range(sum(use.signature.outputs))]
    axes = _axes(names, answers, use.calls) if dynamic else {}
    written = io.BytesIO()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing tells of every size that it takes as it is
            torch.onnx.export(
                _Positional(module, use.signature).eval(),
                tuple(each.clone() for each in use.calls[0].tensors),
                written,  # type: ignore[arg-type]  # it takes what can be written to
                input_names=names,
                output_names=answers,
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # whatever an operator's translation raises
        reason = str(error).strip().partition("\n")[0]
        raise DataError(f"'{use.signature.module}' cannot be written as ONNX: {reason}") from error
    return written.getvalue()


def _axes(
    names: Sequence[str], answers: Sequence[str], calls: Sequence[Call]
) -> dict[str, dict[int, str]]:
    """Names of the axes whose sizes are left open, by tensor."""
    shapes = [
        [tensor.shape for tensor in (*call.tensors, *tensors_of(call.answer))] for call in calls
    ]
    return {
        name: {
            axis: f"{name}_{axis}"
            for axis in range(len(its[0]))
            if len({shape[axis] for shape in its}) > 1
        }
        for name, its in zip((*names, *answers), zip(*shapes, strict=True), strict=True)
    }
