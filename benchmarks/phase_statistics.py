"""Compare the phase of simulated scans with that of real ones; for docs/simulator.md.

python benchmarks/phase_statistics.py --scans FOLDER --images FOLDER

``--scans``: complex images (y, x) as .npy, k-space (coil, y, x) where a name ends in -kspace.npy.
``--images``: magnitude images to scan as objects, see `open_real_objects`. Both may be left out.
Writes docs/results/simulator-phase.json, the table between the marks in docs/simulator.md and
docs/images/simulator-phase.png, which shows simulated scans only; real ones beside them are drawn
into ``--out`` and belong to who owns them.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from matplotlib import colormaps
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.core.fft import frequencies, ifft, plain_fft, plain_ifft
from feathermr.core.seeding import generator
from feathermr.phantom import ANATOMIES, acquire, scanner_signal, scene, shading
from feathermr.phantom.canvas import OVERSAMPLING
from feathermr.phantom.fields import Shape, smooth_noise
from feathermr.phantom.noise import noise_level, sample_noise
from feathermr.training.real_objects import RealObjects, open_real_objects

DOCS = Path(__file__).resolve().parents[1] / "docs"
SAMPLES = 48
SNR = 30.0
SIDE = 224
PERCENTILES = (10, 50, 90)
#: of the brightest half hundredth: what is brighter belongs to the object
OBJECT = 0.1
#: pixels of the object that a line needs to be counted
SHORTEST = 16
STEEP = math.pi / 4
MEASURES = {
    "gradient median": "of the phase from a pixel to the next, radians, weighted by signal",
    "gradient 90 %": "its 90th percentile",
    "steep": "share of the object's pixels with more than pi / 4 to the next, per cent",
    "imaginary 0.03": "share of the energy that is imaginary once the phase of the image below a "
    "Gaussian of 0.03 cycles a pixel is taken off, per cent",
    "imaginary 0.05": "the same, 0.05 cycles a pixel",
    "turns": "sum of |gradient| along a line in the object, over 2 pi",
    "wraps": "times that the phase goes past pi or minus pi along a line",
}


def object_of(images: Tensor) -> Tensor:
    """Where there is signal (y, x), of images (coil, y, x)."""
    magnitude = images.abs().square().sum(0).sqrt()
    return magnitude > OBJECT * magnitude.flatten().quantile(0.995)


def gradients(images: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Phase from each pixel to the next, its weight, and whether both lie in the object.

    The angle of ``sum_c conj(z_c[i]) z_c[i + 1]``: coils count as they see.
    """
    size = images.shape[axis] - 1
    products = (images.narrow(axis, 0, size).conj() * images.narrow(axis, 1, size)).sum(0)
    inside = object_of(images)
    both = inside.narrow(axis, 0, size) & inside.narrow(axis, 1, size)
    return products.angle(), products.abs(), both


def imaginary(images: Tensor, width: float) -> float:
    """Share of the object's energy that is imaginary without its smooth phase, per cent.

    Args:
        images: (coil, y, x).
        width: deviation of the Gaussian window in k-space, cycles a pixel.
    """
    y, x = (frequencies(size, images.device).float() for size in images.shape[-2:])
    window = (-0.5 * (y[:, None].square() + x[None, :].square()) / width**2).exp()
    smooth = plain_ifft(plain_fft(images) * window)
    rest = (images * smooth.conj() / smooth.abs().clamp_min(1e-12)).imag.square().sum(0)
    inside = object_of(images)
    return 100 * float(rest[inside].sum() / images.abs().square().sum(0)[inside].sum())


def along_lines(images: Tensor) -> tuple[float, float]:
    """Turns and wraps of a line, the mean over lines along both axes."""
    turns, wraps = [], []
    for axis in (-1, -2):
        angle, _, both = gradients(images, axis)
        angle = torch.where(both, angle, torch.zeros_like(angle))
        if axis == -2:
            angle, both = angle.T, both.T
        long = both.sum(-1) >= SHORTEST
        turns.append(angle[long].abs().sum(-1) / (2 * math.pi))
        crossed = (angle[long].cumsum(-1) / (2 * math.pi)).round().diff(dim=-1)
        wraps.append((crossed != 0).sum(-1).float())
    return float(torch.cat(turns).mean()), float(torch.cat(wraps).mean())


def measure(images: Tensor) -> tuple[dict[str, float], list[float]]:
    """One number for each of `MEASURES`, and the deciles of the gradient."""
    parts = [gradients(images, axis) for axis in (-1, -2)]
    angle = torch.cat([angle[both].abs() for angle, _, both in parts])
    weight = torch.cat([weight[both] for _, weight, both in parts])
    order = angle.argsort()
    below = weight[order].cumsum(0) / weight.sum()
    shares = torch.arange(1, 10) / 10
    place = torch.searchsorted(below, shares).clamp_max(len(order) - 1)
    deciles = angle[order][place].tolist()
    turns, wraps = along_lines(images)
    values = (
        deciles[4],
        deciles[8],
        100 * float((angle > STEEP).float().mean()),
        imaginary(images, 0.03),
        imaginary(images, 0.05),
        turns,
        wraps,
    )
    return dict(zip(MEASURES, values, strict=True)), deciles


def summarize(scans: list[Tensor]) -> dict[str, object]:
    """Percentiles over scans of each measure, and the median of each decile of the gradient."""
    rows = [measure(scan) for scan in scans]
    return {
        "scans": len(rows),
        "measures": {
            name: np.percentile([row[name] for row, _ in rows], PERCENTILES).tolist()
            for name in MEASURES
        },
        "deciles": np.median([deciles for _, deciles in rows], axis=0).tolist(),
    }


def real_scans(folder: Path) -> dict[str, Tensor]:
    """Name -> images (coil, y, x)."""
    scans = {}
    for path in sorted(folder.glob("*.npy")):
        stored = torch.from_numpy(np.load(path)).to(torch.complex64)
        name = path.stem.removesuffix("-kspace").removesuffix("-complex-image")
        scans[name] = ifft(stored) if path.stem.endswith("-kspace") else stored[None]
    return scans


def smooth_phase(shape: Shape, source: torch.Generator) -> Tensor:
    """Factors (1, 1, Y, X) of a phase that is smooth: constant, ramp, fields of two scales."""
    small = (max(8, shape[0] // 4), max(8, shape[1] // 4))
    constant, up, left, slow, fast = (2 * torch.rand(5, generator=source) - 1).tolist()
    y, x = (torch.linspace(-1, 1, size) for size in small)
    angle = math.pi / 2 * (up * y[:, None] + left * x[None, :])
    angle = angle + 0.8 * slow * smooth_noise(1, small, 2, source)
    angle = angle + 0.25 * fast * smooth_noise(1, small, 6, source) + math.pi * constant
    fine = (shape[0] * OVERSAMPLING, shape[1] * OVERSAMPLING)
    angle = interpolate(angle, size=fine, mode="bicubic", align_corners=True)
    return torch.polar(torch.ones_like(angle), angle)


def simulated(name: str, real: RealObjects | None, *, smooth: bool) -> list[Tensor]:
    """Noisy images (1, y, x) of as many objects: an anatomy's, or ``real`` images."""
    shape, scans = (SIDE, SIDE), []
    uniform = torch.ones(1, 1, 1, 1, 1, dtype=torch.complex64)
    for index in range(SAMPLES):
        source = generator(0, "phase statistics", name, index)
        body = scene(name, 1, shape, source) if real is None else real.draw(shape, source)
        body = body * shading(1, (body.shape[-2], body.shape[-1]), source)
        signal = body * smooth_phase(shape, source) if smooth else scanner_signal(body, source)
        kspace = acquire(signal, uniform, shape)
        noise = noise_level(kspace, SNR) * sample_noise(tuple(kspace.shape), source)
        scans.append(ifft(kspace + noise)[0, 0])
    return scans


def sheet(scans: list[Tensor], columns: int, path: Path, size: int = 144) -> None:
    """Save magnitudes in rows, below each row the phases inside the objects in cyclic colours."""
    strips = []
    for start in range(0, len(scans), columns):
        row = [_tiles(images, size) for images in scans[start : start + columns]]
        row += [(np.zeros((size, size, 3)),) * 2] * (columns - len(row))
        strips += [np.concatenate(tiles, 1) for tiles in zip(*row, strict=True)]
    picture = Image.fromarray((np.concatenate(strips) * 255).astype(np.uint8))
    picture.quantize(128).save(path, optimize=True)


def _tiles(images: Tensor, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude and phase (size, size, 3) of the coil that sees most."""
    image = images[images.abs().square().sum((-2, -1)).argmax()]
    magnitude = image.abs() / image.abs().flatten().quantile(0.995)
    shown = torch.stack([magnitude.clamp(0, 1).sqrt(), image.angle() / (2 * math.pi) + 0.5])
    bright, phase = interpolate(shown[None], size=(size, size), mode="nearest")[0].numpy()
    colours = colormaps["twilight"](phase)[..., :3] * (bright > (OBJECT / 2) ** 0.5)[..., None]
    return np.repeat(bright[..., None], 3, 2), colours


def table(results: dict[str, dict[str, object]]) -> str:
    """Markdown: a row a group of scans, median (10th to 90th percentile)."""
    lines = ["| scans | " + " | ".join(MEASURES) + " |", "|---" * (len(MEASURES) + 1) + "|"]
    for name, summary in results.items():
        cells = [
            f"{mid:.2g}" if summary["scans"] == 1 else f"{mid:.2g} ({low:.2g} to {high:.2g})"
            for low, mid, high in summary["measures"].values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(results: dict[str, dict[str, object]]) -> None:
    """The stored numbers and the table of the page."""
    stored = {
        "measures": MEASURES,
        "percentiles": PERCENTILES,
        "settings": {"scans": SAMPLES, "snr": SNR, "shape": [SIDE, SIDE], "object": OBJECT},
        "results": results,
    }
    (DOCS / "results" / "simulator-phase.json").write_text(json.dumps(stored, indent=1) + "\n")
    page = DOCS / "simulator.md"
    before, rest = page.read_text().split("<!-- phase -->\n")[:2]
    after = rest.split("<!-- end of phase -->\n")[1]
    page.write_text(f"{before}<!-- phase -->\n{table(results)}\n<!-- end of phase -->\n{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=Path, help="folder of real complex scans")
    parser.add_argument("--images", type=Path, help="folder of images to scan as objects")
    parser.add_argument("--out", type=Path, default=Path("out/phase"), help="pictures of real data")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    real = real_scans(options.scans) if options.scans else {}
    groups = {f"real: {name}": [images] for name, images in real.items()}
    drawn = {name: simulated(name, None, smooth=False) for name in ANATOMIES}
    if real:
        groups["all real"] = list(real.values())
    groups |= {f"simulated {name}": scans for name, scans in drawn.items()}
    groups["all simulated"] = [scan for scans in drawn.values() for scan in scans]
    old = {"all simulated": [s for n in ANATOMIES for s in simulated(n, None, smooth=True)]}
    if options.images:
        objects = open_real_objects(options.images, seed=0)["test"]
        groups["real images as objects"] = simulated("real image", objects, smooth=False)
        old["real images as objects"] = simulated("real image", objects, smooth=True)
        sheet(groups["real images as objects"], 8, options.out / "images.png")
    groups |= {f"{name}, smooth phase": scans for name, scans in old.items()}
    shown = [drawn[name][place] for place in range(6) for name in ANATOMIES]
    sheet(shown[:24], len(ANATOMIES), DOCS / "images" / "simulator-phase.png", size=140)
    sheet([*real.values(), *shown], 8, options.out / "beside-real.png", size=200)
    for name, scans in drawn.items():
        sheet(scans[:24], 8, options.out / f"{name}.png", size=200)
    results = {name: summarize(scans) for name, scans in groups.items()}
    write(results)
    print(table(results))


if __name__ == "__main__":
    main()
