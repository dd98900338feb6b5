"""Kronecker layers under autocast, compilers, exporters and several processes."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nn import kronecker_networks
from nn.kronecker_networks import NETWORKS, gradients, made

every_network = pytest.mark.parametrize("name", NETWORKS)


@every_network
def test_a_compiler_sees_one_graph(name: str) -> None:
    torch.compiler.reset()
    model, given = made(name)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(given), model(given))
    for one, other in zip(gradients(compiled, given), gradients(model, given), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@every_network
def test_compiled_code_computes_the_same(name: str) -> None:
    torch.compiler.reset()
    model, given = made(name)
    compiled = torch.compile(model)
    torch.testing.assert_close(compiled(given), model(given), rtol=1e-4, atol=1e-5)
    for one, other in zip(gradients(compiled, given), gradients(model, given), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@every_network
def test_lower_precision_is_close_and_learns(name: str) -> None:
    model, given = made(name)
    with torch.autocast("cpu", torch.bfloat16):
        answer = model(given)
        rough = gradients(model, given)
    exact = model(given)
    assert (answer.float() - exact).norm() < 0.03 * exact.norm()
    for one, other in zip(rough, gradients(model, given), strict=True):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 0.1 * other.norm() + 1e-3


@every_network
def test_an_exported_program_computes_the_same(name: str) -> None:
    model, given = made(name)
    program = torch.export.export(model.eval(), (given,))
    torch.testing.assert_close(program.module()(given), model(given))


def test_an_exported_program_takes_any_batch() -> None:
    model, given = made("layers")
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(model, (given,), dynamic_shapes=({0: batch},))
    more = torch.cat([given, given, given])
    torch.testing.assert_close(program.module()(more), model(more))


def test_derivatives_of_functions_of_the_parameters() -> None:
    model, given = made("layers")
    parameters = dict(model.named_parameters())

    def loss(values: dict[str, Tensor], image: Tensor) -> Tensor:
        answer: Tensor = torch.func.functional_call(model, values, (image[None],))
        return answer.square().mean()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, given)
    mean = gradients(model, given)
    for found, expected in zip(each.values(), mean, strict=True):
        torch.testing.assert_close(found.mean(0), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_two_processes_find_the_gradient_of_one(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(kronecker_networks.__file__)
    processes = [
        subprocess.Popen([sys.executable, script, str(rank), str(port), str(tmp_path)])
        for rank in (0, 1)
    ]
    assert [each.wait(timeout=120) for each in processes] == [0, 0]
    for name in NETWORKS:
        model, given = made(name)
        for rank in (0, 1):
            found = torch.load(tmp_path / f"{name}-{rank}.pt", weights_only=True)
            for one, other in zip(found, gradients(model, given), strict=True):
                torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
