"""A reconstruction method of your own, compared with those that are there."""

# %% A method is a frozen record of settings that is called with a scan. Here: least squares with
# a penalty on the gradient, min_x ||A x - y||^2 + lambda ||grad x||^2.
from dataclasses import dataclass

import feathermr
from feathermr.operators import Differences
from feathermr.recon.runner import run
from feathermr.solvers import cg


@dataclass(frozen=True)
class Smooth:
    """Smooth images."""

    weight: float = 20.0
    iterations: int = 25

    def __call__(self, acquisition, *, progress=lambda done, total: None):
        """Reconstruct one scan: `run` estimates coil maps, scales, and keeps the record."""
        return run("smooth", self, acquisition, self.solve, progress=progress)

    def solve(self, problem, progress):
        """One slice (1, frame, y, x); bright tissue is about 1."""
        encode, gradient = problem.encoding, Differences(problem.encoding.domain, (-2, -1))
        weight = problem.weight(self.weight)  # in units of the variance of the noise
        return cg(
            lambda x: encode.normal(x) + weight * gradient.normal(x),
            encode.H(problem.acquisition.kspace),
            iterations=self.iterations,
        )


# %% Compare it on one scan
scan = feathermr.simulate("brain", slices=2, shape=(128, 128), coils=6).without_coil_maps()
given = feathermr.Undersampling(acceleration=3)(scan)
methods = {"smooth": Smooth(), "tv": feathermr.make_method("tv", {"iterations": 10})}
comparison = feathermr.compare(
    given, methods, feathermr.reference_image(scan), scan="brain", policy="volume"
)
for score in comparison.scores:
    if score.metric in ("psnr", "ssim"):
        print(f"{score.method:12} {score.metric}: {score.mean:.3f}")

# %% One page with images, error maps and scores
print(feathermr.write_report(comparison, "out/examples/smooth.html"))
