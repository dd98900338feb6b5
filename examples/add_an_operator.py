"""An operator of your own: reconstruct a head that moved once during the scan."""

# %% An operator is its shapes, what it does, and its adjoint
import torch

import feathermr
from feathermr.metrics import nmse
from feathermr.operators import Coils, Fourier, LinearOperator, Sampling
from feathermr.solvers import cg


class Shift(LinearOperator):
    """Moves an image by whole pixels (rows, columns)."""

    def __init__(self, steps, shape):
        super().__init__(shape, shape)
        self.steps = steps

    def apply(self, array):
        """Shift."""
        return array.roll(self.steps, dims=(-2, -1))

    def apply_adjoint(self, array):
        """Shift back."""
        return array.roll([-step for step in self.steps], dims=(-2, -1))


# %% After the first half of the lines the head lies five rows down and three columns to the left:
# A = S1 F C + S2 F C T
scan = feathermr.simulate("brain", shape=(120, 110), coils=6, snr=60)
before = torch.arange(120)[:, None].expand(120, 110)[None, None, None] < 60
encode = Fourier(tuple(scan.kspace.shape)) @ Coils(scan.coil_maps, scan.image_shape)
still = Sampling(before, encode.codomain) @ encode
moved = Sampling(~before, encode.codomain) @ encode @ Shift((5, -3), scan.image_shape)
motion = still + moved
image = scan.reference
source = torch.Generator().manual_seed(0)
noise = torch.randn(motion.codomain, dtype=torch.complex64, generator=source)
kspace = motion(image) + 0.05 * image.abs().max() * noise

# %% The adjoint is right when <A x, y> = <x, A^H y>
x = torch.randn(motion.domain, dtype=torch.complex64, generator=source)
y = torch.randn(motion.codomain, dtype=torch.complex64, generator=source)
left, right = (motion(x).conj() * y).sum(), (x.conj() * motion.H(y)).sum()
assert abs(left - right) < 1e-4 * abs(left)

# %% Solve A^H A x = A^H y, with the motion and without
magnitude = image.abs()
for name, operator in (("ignored", encode), ("corrected", motion)):
    found = cg(operator.normal, operator.H(kspace), iterations=30)
    print(f"motion {name}: error {nmse(found.abs(), magnitude, data_range=1.0).item():.4f}")
    feathermr.save_image(found, scan.header, f"out/examples/motion-{name}", "png")
