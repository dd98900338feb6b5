"""Muon: orthogonal steps of matrices, Adam for the rest, and a state that can be stored."""

import math

import pytest
import torch
from torch import nn
from torch.optim import Adam

import laws
from feathermr.core.seeding import generator, seeded
from feathermr.training.muon import SMALLER, USUAL, Muon, as_matrices, orthogonal


@pytest.mark.parametrize("shape", [(3, 20, 30), (2, 40, 17), (1, 24, 24)])
def test_singular_values_come_near_one_and_vectors_stay(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(shape, generator=generator(0), dtype=torch.float64)
    found = orthogonal(matrices)
    values = torch.linalg.svdvals(found)
    assert float(values.min()) > 0.3
    assert float(values.max()) < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    inner = u.mT @ found @ v.mT  # diagonal if the singular vectors are the same
    off = inner - torch.diag_embed(inner.diagonal(dim1=-2, dim2=-1))
    assert float(off.abs().max()) < 1e-8


def test_factors_of_kronecker_layers_are_one_matrix_a_term() -> None:
    assert as_matrices(torch.zeros(2, 16, 12, 3, 3)).shape == (2, 16, 108)
    assert as_matrices(torch.zeros(4, 8, 6)).shape == (4, 8, 6)
    assert as_matrices(torch.zeros(32, 16, 3, 3)).shape == (1, 32, 144)
    assert as_matrices(torch.zeros(32, 16)).shape == (1, 32, 16)


def test_a_step_of_a_matrix_has_the_size_that_it_says() -> None:
    weight = nn.Parameter(torch.zeros(20, 30))
    weight.grad = torch.randn(20, 30, generator=generator(1))
    Muon([weight], lr=0.01).step()
    size = float(weight.detach().square().mean().sqrt())
    # 20 singular values near one over 20 x 30 numbers
    assert size == pytest.approx(0.01 * USUAL * math.sqrt(30) * math.sqrt(20 / 600), rel=0.3)


def test_small_parameters_follow_adam() -> None:
    ours, theirs = (nn.Parameter(torch.ones(5)) for _ in range(2))
    muon = Muon([ours], lr=0.02, betas=(0.9, 0.99))
    adam = Adam([theirs], lr=SMALLER * 0.02, betas=(0.9, 0.99))
    for step in range(4):
        gradient = laws.random_array((5,), f"gradient {step}", dtype=torch.float32)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        muon.step()
        adam.step()
    laws.assert_equal(ours.detach(), theirs.detach(), 1e-5)


def test_a_stored_state_goes_on_bit_for_bit() -> None:
    def made() -> tuple[nn.Module, Muon]:
        with seeded(0, "muon"):
            network = nn.Sequential(nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 20))
        return network, Muon(network.parameters())

    def run(network: nn.Module, muon: Muon, first: int, last: int) -> None:
        for step in range(first, last):
            inputs = torch.randn(8, 20, generator=generator(step))
            muon.zero_grad()
            (network(inputs) - inputs).square().mean().backward()
            muon.step()

    whole, muon = made()
    run(whole, muon, 0, 6)
    half, first = made()
    run(half, first, 0, 3)
    rest, second = made()
    rest.load_state_dict(half.state_dict())
    second.load_state_dict(first.state_dict())
    run(rest, second, 3, 6)
    for one, two in zip(whole.parameters(), rest.parameters(), strict=True):
        assert torch.equal(one, two)


def test_it_learns_a_map() -> None:
    target = torch.linalg.qr(torch.randn(24, 24, generator=generator(3)))[0]
    weight = nn.Parameter(torch.zeros(24, 24))
    optimiser, losses = Muon([weight], lr=0.01), []
    for step in range(120):
        inputs = torch.randn(32, 24, generator=generator(step))
        optimiser.zero_grad()
        loss = (inputs @ weight.T - inputs @ target.T).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.02 * losses[0]
