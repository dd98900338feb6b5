"""Compare simulated with real images, and draw the pictures of docs/simulator.md.

python benchmarks/simulator_statistics.py --data FOLDER

Writes docs/results/simulator.json, docs/images/simulator-*.png and .gif, and the table between the
marks in docs/simulator.md.
"""

import argparse
import itertools
import json
from pathlib import Path

import h5py
import matplotlib
import numpy as np
import torch
from PIL import Image

from feathermr.core.fft import fft, ifft
from feathermr.phantom import ANATOMIES, simulate

matplotlib.use("Agg")
import matplotlib.pyplot as plt

DOCS = Path(__file__).resolve().parents[1] / "docs"
SAMPLES = 24
MEASURES = {
    "background": "share of pixels under 5 % of the brightest",
    "spectrum slope": "exponent of the power spectrum from 0.025 to 0.3 cycles a pixel",
    "gradient median": "of |difference of neighbours| inside the object, brightest = 1",
    "gradient 99 %": "its 99th percentile",
    "gradient kurtosis": "of the difference of neighbours, whole image; 3 is Gaussian",
    "wavelet kurtosis": "of the finest Haar coefficients, whole image",
    "wavelet energy": "share of the image's energy in the finest Haar coefficients, per mille",
}


def real_images(data):
    """Name -> magnitude images (y, x), the brightest hundredth at one."""
    groups = {}
    cine = sorted((data / "cine-heart").glob("*.npz"))
    groups["real cine"] = [
        frame.astype(float) for path in cine for frame in np.load(path)["cine"][::5]
    ]
    stills = sorted((data / "cardiac-images").glob("im-*.mat"))
    groups["real cardiac"] = [h5py.File(path)["im_ori"][()].T for path in stills]
    return {name: [_scaled(image) for image in images] for name, images in groups.items() if images}


def _scaled(image):
    return image / np.percentile(image, 99.5)


def simulated_images(anatomy, count, snr=30.0):
    """Magnitude images of single-coil scans of as many seeds."""
    scans = (simulate(anatomy, seed=seed, snr=snr) for seed in range(count))
    return [_scaled(ifft(scan.kspace)[0, 0, 0].abs().numpy()) for scan in scans]


def spectrum_slope(image):
    """Slope of log power over log frequency of the windowed image."""
    height, width = image.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    spectrum = fft(torch.as_tensor(image * window, dtype=torch.complex64)).abs().square().numpy()
    y, x = np.indices(image.shape)
    frequency = np.hypot((y - height // 2) / height, (x - width // 2) / width)
    edges = np.geomspace(0.025, 0.3, 16)
    power = [
        spectrum[(frequency >= low) & (frequency < high)].mean()
        for low, high in itertools.pairwise(edges)
    ]
    return np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(power), 1)[0]


def _kurtosis(values):
    centered = values - values.mean()
    return float((centered**4).mean() / (centered**2).mean() ** 2)


def measure(image):
    """One number for each of `MEASURES`."""
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    a, b, c, d = even[::2, ::2], even[::2, 1::2], even[1::2, ::2], even[1::2, 1::2]
    details = np.stack([a - b + c - d, a + b - c - d, a - b - c + d]) / 2
    steps = np.diff(image, axis=1)
    inside = np.abs(steps[image[:, 1:] > 0.1])
    values = (
        (image < 0.05).mean(),
        spectrum_slope(image),
        np.median(inside),
        np.percentile(inside, 99),
        _kurtosis(steps),
        _kurtosis(details),
        1000 * (details**2).sum() / (even**2).sum(),
    )
    return dict(zip(MEASURES, map(float, values), strict=True))


def summarize(images):
    """Median and the 10th and 90th percentile over images, a measure."""
    rows = [measure(image) for image in images]
    return {
        name: [float(np.percentile([row[name] for row in rows], q)) for q in (10, 50, 90)]
        for name in MEASURES
    }


def contact_sheet(images, columns, path, size=156):
    """Save images side by side, each scaled to ``size`` pixels."""
    tiles = [
        np.asarray(Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8)).resize((size, size)))
        for image in images
    ]
    rows = [np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
    Image.fromarray(np.concatenate(rows)).quantize(32).save(path, optimize=True)


def heart_pictures(folder):
    """An animation of three hearts, and four frames of two of them."""
    films = []
    for seed in (5, 7, 12):
        scan = simulate("heart", frames=12, seed=seed, snr=40.0, shape=(144, 144))
        film = ifft(scan.kspace)[0, :, 0].abs().numpy()
        films.append(_scaled(film).clip(0, 1))
    frames = [
        Image.fromarray((np.concatenate([film[i] for film in films], 1) * 255).astype(np.uint8))
        for i in range(12)
    ]
    small = [frame.quantize(24) for frame in frames]
    small[0].save(
        folder / "simulator-heart.gif", save_all=True, append_images=small[1:], duration=80, loop=0
    )
    strip = [film[i] for film in films[:2] for i in range(0, 12, 3)]
    contact_sheet(strip, 4, folder / "simulator-heart-frames.png", size=128)


def beside_each_other(real, simulated, folder):
    """Real hearts above, simulated hearts below."""
    upper = (real.get("real cine", [])[::8] + real.get("real cardiac", []))[:12]
    contact_sheet(upper + simulated["heart"][:12], 6, folder / "simulator-beside-real.png")


def histograms(groups, folder):
    """Distribution of the neighbours' differences and of the finest Haar coefficients."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.2))
    for name, images in groups.items():
        steps = np.concatenate([np.diff(image, axis=1).ravel() for image in images])
        image = np.stack([image[:256, :256] for image in images])
        diagonal = image[:, ::2, ::2] - image[:, 1::2, ::2] - image[:, ::2, 1::2]
        diagonal = (diagonal + image[:, 1::2, 1::2]) / 2
        style = "-" if name.startswith("real") else "--"
        for panel, values in zip(panels, (steps, diagonal.ravel()), strict=True):
            density, edges = np.histogram(values, bins=81, range=(-0.5, 0.5), density=True)
            middle = (edges[1:] + edges[:-1]) / 2
            panel.semilogy(middle, density.clip(1e-4), style, label=name, linewidth=1)
    panels[0].set(xlabel="difference of neighbours", ylabel="density")
    panels[1].set(xlabel="finest diagonal Haar coefficient")
    panels[1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(folder / "simulator-histograms.png", dpi=80)


def table(results):
    """Markdown: a row a group of images, median (10th to 90th percentile)."""
    lines = ["| images | " + " | ".join(MEASURES) + " |", "|---" * (len(MEASURES) + 1) + "|"]
    for name, summary in results.items():
        cells = [f"{mid:.3g} ({low:.2g} to {high:.2g})" for low, mid, high in summary.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = DOCS / "images"
    folder.mkdir(parents=True, exist_ok=True)
    (DOCS / "results").mkdir(exist_ok=True)
    real = real_images(options.data) if options.data.is_dir() else {}
    simulated = {anatomy: simulated_images(anatomy, SAMPLES) for anatomy in ANATOMIES}
    for anatomy, images in simulated.items():
        contact_sheet(images, 8, folder / f"simulator-{anatomy}.png")
    beside_each_other(real, simulated, folder)
    heart_pictures(folder)
    histograms(real | simulated, folder)
    results = {name: summarize(images) for name, images in (real | simulated).items()}
    stored = {"measures": MEASURES, "percentiles": [10, 50, 90], "results": results}
    (DOCS / "results" / "simulator.json").write_text(json.dumps(stored, indent=1) + "\n")
    page = DOCS / "simulator.md"
    before, rest = page.read_text().split("<!-- statistics -->\n")[:2]
    after = rest.split("<!-- end -->\n")[1]
    text = f"{before}<!-- statistics -->\n{table(results)}\n<!-- end -->\n{after}"
    page.write_text(text)
    print(table(results))


if __name__ == "__main__":
    main()
