"""Draw every sampling pattern: ``python benchmarks/sampling_gallery.py`` writes the figure.

The picture is ``docs/images/sampling.png``; patterns that change with time are shown as line
position against frame.
"""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from feathermr.core.seeding import generator
from feathermr.sampling import PATTERNS, achieved_acceleration

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "sampling.png"
SHAPE = (1, 24, 128, 128)
ACCELERATION = 5.0
CENTER = 9


def main() -> None:
    columns = 4
    rows = -(-len(PATTERNS) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(2.6 * columns, 2.9 * rows), dpi=110)
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, (name, pattern) in zip(panels.flat, PATTERNS.items(), strict=False):
        mask = pattern(
            SHAPE, acceleration=ACCELERATION, center=CENTER, axis=-2, generator=generator(1, name)
        )
        moving = mask.shape[1] > 1
        view = mask[0, :, 0, :, 0].T if moving else mask[0, 0, 0].expand(SHAPE[-2:])
        panel.set_axis_on()
        panel.imshow(view, cmap="gray", interpolation="nearest", aspect="auto")
        panel.set_title(f"{name}\nacceleration {achieved_acceleration(mask):.2f}", fontsize=9)
        panel.set_xlabel("frame" if moving else "x", fontsize=8)
        panel.set_ylabel("y", fontsize=8)
        panel.set_xticks([])
        panel.set_yticks([])
    figure.tight_layout()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(TARGET, metadata={"Software": None})
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
