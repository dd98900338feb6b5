"""Networks of Kronecker layers; as a program, one of two processes that find their gradients."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from feathermr.core.seeding import generator, seeded
from feathermr.nn import KroneckerConv2d, KroneckerConvTranspose2d, KroneckerLinear, kroneckerize


class Small(nn.Module):
    """One of each."""

    def __init__(self) -> None:
        super().__init__()
        self.down = KroneckerConv2d(2, 8, 3, stride=2, padding=1, padding_mode="reflect", n=2)
        self.mixed = KroneckerLinear(8, 8, n=4)
        self.up = KroneckerConvTranspose2d(8, 2, 2, stride=2, n=2)

    def forward(self, image: Tensor) -> Tensor:
        features = self.mixed(self.down(image).movedim(1, -1)).relu()
        answer: Tensor = self.up(features.movedim(-1, 1))
        return answer


def networks() -> dict[str, tuple[Callable[[], nn.Module], Tensor]]:
    def transformer() -> nn.Module:
        layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
        return kroneckerize(layer, 2)[0]

    source = generator(0)
    return {
        "layers": (Small, torch.randn(2, 2, 8, 6, generator=source)),
        "transformer": (transformer, torch.randn(2, 5, 16, generator=source)),
    }


NETWORKS = networks()


def made(name: str) -> tuple[nn.Module, Tensor]:
    make, given = NETWORKS[name]
    with seeded(0):
        return make(), given


def gradients(model: nn.Module, given: Tensor) -> list[Tensor]:
    answer = model(given)
    return list(torch.autograd.grad(answer.square().mean(), list(model.parameters())))


def distributed(rank: int, port: int, folder: Path) -> None:
    """Store the gradients that one of two processes has after their exchange."""
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    for name in NETWORKS:
        model, given = made(name)
        parallel = DistributedDataParallel(model)
        parallel(given[rank : rank + 1]).square().mean().backward()
        found = [each.grad for each in model.parameters()]
        torch.save(found, folder / f"{name}-{rank}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    distributed(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
