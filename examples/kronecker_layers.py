"""A network of your own with half of its parameters: convert it, train it, fold it."""

# %% Any network of torch
import torch
from torch import nn

import feathermr

network = nn.Sequential(
    nn.Conv2d(2, 32, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.ConvTranspose2d(64, 32, 2, stride=2),
    nn.ReLU(),
    nn.Conv2d(32, 2, 3, padding=1),
)

# %% One line; the report says what was replaced, and what stayed for which reason. For a network
# that is trained already, from_dense=True starts at the nearest Kronecker sums of its weights.
light, report = feathermr.nn.kroneckerize(network, n=2)
print(report)
print(f"parameters left: {report.after / report.before:.3f}")

# %% It trains as any network
source = torch.Generator().manual_seed(0)
noisy = torch.randn(4, 2, 32, 32, generator=source)
clean = noisy.cumsum(-1).cumsum(-2) / 32
optimizer = torch.optim.Adam(light.parameters(), lr=2e-3)
losses = []
for _ in range(60):
    loss = (light(noisy) - clean).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss at first: {losses[0]:.3f}, at last: {losses[-1]:.3f}")

# %% Folded, it is the plain network again, with the same answer, for inference and export
folded = feathermr.nn.fold(light).eval()
with torch.no_grad():
    expected = light(noisy)
    difference = (folded(noisy) - expected).norm() / expected.norm()
print(f"folded, difference: {difference.item():.1e}")
network.load_state_dict(folded.state_dict())

# %% The layers by themselves take the arguments of torch's, and n
layer = feathermr.nn.KroneckerConv2d(32, 64, 3, stride=2, padding=1, padding_mode="reflect", n=4)
complex_layer = feathermr.nn.KroneckerLinear(32, 64, n=2, algebra=feathermr.nn.complex_algebra())
print(layer, complex_layer, sep="\n")
