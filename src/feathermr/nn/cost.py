"""What a network needs: parameters, multiply-adds, peak memory, time."""

import copy
import math
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from feathermr.core.fft import fft
from feathermr.core.seeding import generator, seeded
from feathermr.nn.fold import fold
from feathermr.nn.memory import peak_bytes
from feathermr.operators import Encoding

Shape = tuple[int, ...]

#: seconds after which a time is not measured again
PATIENCE = 10.0


@dataclass(frozen=True)
class ModelCost:
    """What a network needs for one problem.

    Attributes:
        parameters: learned numbers.
        multiply_adds: real multiply-adds of a slice and frame, see `multiply_adds`.
        inference_memory: bytes at the peak of a reconstruction.
        training_memory: bytes at the peak of a training step, Adam's state included.
        seconds: of a reconstruction.
    """

    parameters: int
    multiply_adds: float
    inference_memory: int
    training_memory: int
    seconds: float


def cost(model: nn.Module, kspace: Tensor, encoding: Encoding, *, repeats: int = 5) -> ModelCost:
    """Count and measure ``model(kspace, encoding)`` where the k-space is.

    A reconstruction is measured with the folded network, all else with the model as it is trained.
    The model itself is left as it is.

    Args:
        model: on the device of ``kspace``.
        kspace: (slice, frame, coil, y, x).
        encoding: ``A``.
        repeats: runs whose median is the time, see `latency`.
    """
    images = kspace.shape[0] * kspace.shape[1]
    folded = fold(model)
    return ModelCost(
        parameters=parameter_count(model),
        multiply_adds=multiply_adds(model, kspace, encoding) / images,
        inference_memory=inference_memory(folded, kspace, encoding),
        training_memory=training_memory(model, kspace, encoding),
        seconds=latency(folded, kspace, encoding, repeats=repeats),
    )


def parameter_count(model: nn.Module) -> int:
    """Learned numbers, those that layers share counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(model: nn.Module, *inputs: object) -> float:
    """Real multiply-adds of ``model(*inputs)``.

    Convolutions, matrix products and attention are counted, the building of Kronecker weights
    included. A Fourier transform of ``N`` points along all its axes is ``5 N log2 N`` operations,
    half as many multiply-adds. What works on each value by itself (activations, normalisation,
    coil maps, sums of conjugate gradients) is not counted.
    """
    formulas = {
        torch.ops.aten._fft_c2c: _complex_fft,
        torch.ops.aten._fft_r2c: _real_fft,
        torch.ops.aten._fft_c2r: _real_fft_back,
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    }
    counter = FlopCounterMode(display=False, custom_mapping=formulas)
    with _evaluating(model), torch.no_grad(), counter:
        model(*inputs)
    return float(counter.get_total_flops()) / 2


def inference_memory(model: nn.Module, kspace: Tensor, encoding: Encoding) -> int:
    """Bytes of the parameters and of what a reconstruction makes, at its peak; without the scan.

    See `peak_bytes` for what is seen of it.
    """
    _made_ready(encoding, kspace)
    with _evaluating(model), torch.no_grad():
        return _resident(model) + peak_bytes(lambda: model(kspace, encoding), kspace.device)


def training_memory(model: nn.Module, kspace: Tensor, encoding: Encoding) -> int:
    """Bytes at the peak of forward and backward pass, with Adam's state; without the scan.

    See `peak_bytes` for what is seen of it.
    """
    _made_ready(encoding, kspace)
    student = copy.deepcopy(model).train()
    student.zero_grad()

    def learn() -> None:
        student(kspace, encoding).abs().square().mean().backward()

    with seeded(0, "cost"):
        made = peak_bytes(learn, kspace.device)
    adam = 2 * _size([each for each in student.parameters() if each.requires_grad])
    return _resident(student) + adam + made


def latency(model: nn.Module, kspace: Tensor, encoding: Encoding, *, repeats: int = 5) -> float:
    """Seconds of ``model(kspace, encoding)``, the median of some runs after one to get warm.

    There are fewer runs than ``repeats`` when all together take longer than ``PATIENCE``.
    """
    seconds: list[float] = []
    with _evaluating(model), torch.inference_mode():
        while len(seconds) < 2 or (len(seconds) <= repeats and sum(seconds) < PATIENCE):
            start = time.perf_counter()
            model(kspace, encoding)
            if kspace.is_cuda:
                torch.cuda.synchronize(kspace.device)
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def cost_problem(
    size: int, coils: int = 1, device: str = "cpu", frames: int = 1
) -> tuple[Tensor, Encoding]:
    """K-space of random numbers and its operator: a square image, every fourth line sampled."""
    drawn = torch.randn(2, coils, size, size, dtype=torch.complex64, generator=generator(0, "cost"))
    image, maps = drawn[0, :1], drawn[1]
    maps = maps / torch.linalg.vector_norm(maps, dim=0) if coils > 1 else torch.ones_like(maps)
    mask = (torch.arange(size) % 4 == 0)[None, None, None, :, None]
    encoding = Encoding(mask.to(device), maps[None, None].to(device), frames)
    kspace = (fft(maps * image)[None, None] * mask).repeat(1, frames, 1, 1, 1)
    return kspace.to(device), encoding


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """The model in its state of use, and as it was afterwards."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def _made_ready(encoding: Encoding, kspace: Tensor) -> None:
    """What an operator makes at its first use and keeps is not the network's."""
    encoding.normal(encoding.H(kspace))


def _resident(model: nn.Module) -> int:
    return _size([*model.parameters(), *model.buffers()])


def _size(tensors: list[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _complex_fft(
    shape: Shape, axes: list[int], norm: int, forward: bool, *, out_shape: Shape | None = None
) -> float:
    """``5 N log2 N`` for each transform of ``N`` points."""
    points = math.prod(shape[axis] for axis in axes)
    return 5 * math.prod(shape) * math.log2(points)


def _real_fft(
    shape: Shape, axes: list[int], norm: int, onesided: bool, *, out_shape: Shape | None = None
) -> float:
    """Half of that."""
    return _complex_fft(shape, axes, norm, True) / 2


def _real_fft_back(
    shape: Shape, axes: list[int], norm: int, last: int, *, out_shape: Shape
) -> float:
    """Half of that."""
    return _complex_fft(out_shape, axes, norm, True) / 2


def _attention(
    query: Shape,
    key: Shape,
    value: Shape,
    dropout: float = 0.0,
    is_causal: bool = False,
    *,
    attn_mask: Shape | None = None,
    scale: float | None = None,
    out_shape: object = None,
) -> float:
    """The two matrix products."""
    return float(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]
