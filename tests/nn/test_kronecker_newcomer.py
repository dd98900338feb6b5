"""Somebody's own networks: converted, trained, folded."""

import pytest
import torch
from torch import Tensor, nn

from feathermr.core.seeding import generator, seeded
from feathermr.nn import KroneckerLayer, fold, kroneckerize


class Residual(nn.Module):
    """A block of a ResNet."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential(
            nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
        )

    def forward(self, features: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(self.bn1(self.conv1(features)).relu()))
        answer: Tensor = (inner + self.shortcut(features)).relu()
        return answer


class ResNet(nn.Module):
    """Classifies images of three colours."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 1, 1)
        self.blocks = nn.Sequential(Residual(8, 16, 2), Residual(16, 32, 2))
        self.head = nn.Linear(32, 5)

    def forward(self, image: Tensor) -> Tensor:
        answer: Tensor = self.head(self.blocks(self.stem(image)).mean((-2, -1)))
        return answer


class Transformer(nn.Module):
    """Classifies sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(6, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 5)

    def forward(self, tokens: Tensor) -> Tensor:
        answer: Tensor = self.head(self.encoder(self.embed(tokens)).mean(1))
        return answer


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize(
    ("kind", "shape", "most"), [(ResNet, (8, 3, 12, 12), 0.55), (Transformer, (8, 7, 6), 0.6)]
)
def test_a_network_is_converted_trained_and_folded(
    kind: type[nn.Module], shape: tuple[int, ...], most: float, trained: bool
) -> None:
    with seeded(0):
        model = kind()
    small, report = kroneckerize(model, 2, from_dense=trained)
    assert report.after < most * report.before
    given = torch.randn(shape, generator=generator(1))
    wanted = torch.arange(8) % 5
    optimizer = torch.optim.Adam(small.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        loss = nn.functional.cross_entropy(small(given), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    small.eval()
    folded = fold(small)
    assert not any(isinstance(each, KroneckerLayer) for each in folded.modules())
    with torch.no_grad():
        expected = small(given)
        assert (folded(given) - expected).norm() < 1e-5 * expected.norm()
        model.load_state_dict(folded.state_dict())
        assert (model.eval()(given) - expected).norm() < 1e-5 * expected.norm()
