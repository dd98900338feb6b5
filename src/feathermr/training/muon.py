"""Muon: momentum whose matrices are made orthogonal before each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

#: parameters of fewer numbers, and vectors, follow Adam
FEWEST = 256
#: share of the learning rate that those have
SMALLER = 0.5
#: decay of the momentum of matrices
MOMENTUM = 0.95
#: a matrix's step has the size that Adam's usually has
USUAL = 0.2
#: quintic iteration of Newton and Schulz whose fixed points lie near one, and how often
QUINTIC, ITERATIONS = (3.4445, -4.7750, 2.0315), 5
TINY = 1e-7


@final
class Muon(Optimizer):
    """``W <- W - lr 0.2 sqrt(max(m, n)) U V^T`` with the singular vectors of the momentum.

    All directions of a matrix (m, n) are learned alike, however weak their gradient is. A
    convolution (out, in, y, x) is the matrix (out, in y x); the factors of a Kronecker layer
    (terms, out, in, ...) are one matrix a term. What is smaller follows Adam. Jordan et al. 2024;
    Liu et al. 2025, arXiv:2502.16982.

    Args:
        params: parameters, or groups of them.
        lr: learning rate.
        betas: of Adam.
        weight_decay: decoupled pull to zero.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; the closure computes the gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        rate, state = group["lr"], self.state[parameter]
        if group["weight_decay"]:
            parameter.mul_(1 - rate * group["weight_decay"])
        if parameter.ndim < 2 or parameter.numel() < FEWEST:
            parameter.sub_(SMALLER * rate * _adam(gradient, state, group["betas"]))
            return
        momentum = state.setdefault("momentum", torch.zeros_like(parameter))
        momentum.lerp_(gradient, 1 - MOMENTUM)
        matrices = as_matrices(gradient.lerp(momentum, MOMENTUM))
        size = USUAL * math.sqrt(max(matrices.shape[-2:]))
        parameter.sub_(rate * size * orthogonal(matrices).reshape(parameter.shape))


def _adam(gradient: Tensor, state: dict[str, Any], betas: tuple[float, float]) -> Tensor:
    """The direction of Adam: Kingma and Ba 2015, arXiv:1412.6980."""
    first, second = betas
    if not state:
        state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        state["step"] = torch.zeros((), dtype=torch.float32)
    state["step"] += 1
    count = float(state["step"])
    state["mean"].lerp_(gradient, 1 - first)
    state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
    mean = state["mean"] / (1 - first**count)
    deviation = (state["square"] / (1 - second**count)).sqrt()
    direction: Tensor = mean / (deviation + 1e-8)
    return direction


def as_matrices(weight: Tensor) -> Tensor:
    """A weight as matrices (count, rows, columns); see `Muon`."""
    several = weight.ndim in (3, 5)
    count = weight.shape[0] if several else 1
    rows = weight.shape[1] if several else weight.shape[0]
    return weight.reshape(count, rows, -1)


def orthogonal(matrices: Tensor) -> Tensor:
    """About ``U V^T`` of each matrix ``U S V^T`` (..., rows, columns): singular values near one."""
    a, b, c = QUINTIC
    tall = matrices.shape[-2] > matrices.shape[-1]
    found = matrices.mT if tall else matrices
    found = found / (found.norm(dim=(-2, -1), keepdim=True) + TINY)
    for _ in range(ITERATIONS):
        gram = found @ found.mT
        found = a * found + (b * gram + c * gram @ gram) @ found
    answer: Tensor = found.mT if tall else found
    return answer
