"""Graphs of 8-bit numbers, their ranges found on examples."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from torch import Tensor

from feathermr.core.errors import DataError
from feathermr.core.optional import require

#: operators that multiply by learned numbers
WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
#: least calls of a graph that its ranges are found from
FEWEST = 8


def quantised(model: Any, graph: bytes, calls: Sequence[Sequence[Tensor]]) -> Any:
    """The model with 8-bit weights and activations, by NNCF.

    What enters first layers and leaves last ones stays at full precision: an image and the level
    of its noise share one range there. So do sums, which carry an image past the layers, so that
    only what a layer adds to it is rounded. A range is the widest that was met, because a bright
    pixel that is clipped costs more than coarser steps.

    Args:
        model: of OpenVINO or of ONNX, made of the same graph.
        graph: content of its ONNX file.
        calls: what the graph took on examples, in the order of its inputs.

    Raises:
        MissingExtraError: NNCF or ONNX is not installed.
        DataError: too few calls, or NNCF gives up.
    """
    onnx, nncf = require("onnx"), require("nncf")
    if len(calls) < FEWEST:
        raise DataError(f"{len(calls)} calls of a graph are too few for 8 bits; at least {FEWEST}")
    written = onnx.load_model_from_string(graph).graph
    names = [each.name for each in written.input]
    samples = [dict(zip(names, (each.numpy() for each in call), strict=True)) for call in calls]
    nncf.set_log_level(logging.ERROR)
    nothing = io.StringIO()
    ranges = nncf.quantization.range_estimator.RangeEstimatorParametersSet.MINMAX
    try:
        with redirect_stdout(nothing), redirect_stderr(nothing):
            return nncf.quantize(
                model,
                nncf.Dataset(samples),
                subset_size=len(samples),
                ignored_scope=nncf.IgnoredScope(
                    names=outermost(written), types=["Add"], validate=False
                ),
                advanced_parameters=nncf.AdvancedQuantizationParameters(
                    activations_range_estimator_params=ranges
                ),
            )
    except Exception as error:  # of many kinds
        reason = str(error).strip().partition("\n")[0]
        raise DataError(f"the graph cannot be brought to 8 bits: {reason}") from error


def outermost(graph: Any) -> list[str]:
    """Names of layers with no other layer before them, or none after.

    Args:
        graph: of an ONNX model, its nodes in the order of execution.
    """
    after = _bare(graph.node, {each.name for each in graph.input}, forward=True)
    before = _bare(reversed(graph.node), {each.name for each in graph.output}, forward=False)
    return sorted(after | before)


def _bare(nodes: Any, bare: set[str], *, forward: bool) -> set[str]:
    """Weighted nodes that are met first from some tensors on."""
    found, bare = set(), set(bare)
    for node in nodes:
        near, far = (node.input, node.output) if forward else (node.output, node.input)
        if not bare & set(near):
            continue
        if node.op_type in WEIGHTED:
            found.add(node.name)
        else:
            bare |= set(far)
    return found
