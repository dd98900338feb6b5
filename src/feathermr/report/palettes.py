"""Colour maps as tables of 256 colours, built in a perceptual colour space.

The colours are written in OKLCh (Ottosson, "A perceptual color space for image processing", 2020,
https://bottosson.github.io/posts/oklab/): equal steps of lightness look equal.
"""

import numpy as np
from numpy.typing import NDArray

Palette = NDArray[np.uint8]

_LMS_FROM_LAB = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_RGB_FROM_LMS = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _from_oklch(
    lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]
) -> Palette:
    """OKLCh with the hue in radians to 8-bit sRGB (color, 3), clipped to what a screen shows."""
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = np.clip((lab @ _LMS_FROM_LAB.T) ** 3 @ _RGB_FROM_LMS.T, 0, 1)
    gamma = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    palette: Palette = np.round(255 * gamma).astype(np.uint8)
    return palette


def grey() -> Palette:
    """Black to white."""
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


def heat() -> Palette:
    """Black over violet and orange to pale yellow, lightness rising evenly: for errors."""
    position = np.linspace(0, 1, 256)
    return _from_oklch(
        0.98 * position**0.9,
        0.19 * np.sin(np.pi * position**0.85),
        np.deg2rad(295 + 170 * position),
    )


def phase() -> Palette:
    """A closed circle for angles from -pi to pi, with index 0 black: no phase here.

    Index 1 is -pi and index 255 almost +pi; both ends have the same colour. Lightness is highest
    at 0 and lowest at pi, so the map reads without colour too.
    """
    angle = np.linspace(-np.pi, np.pi, 255, endpoint=False)
    colors = _from_oklch(
        0.64 + 0.18 * np.cos(angle), np.full_like(angle, 0.088), angle + np.deg2rad(75)
    )
    return np.concatenate([np.zeros((1, 3), np.uint8), colors])


def css_gradient(palette: Palette, *, stops: int = 17) -> str:
    """A palette as a CSS gradient from left to right, for a colour bar."""
    chosen = palette[np.linspace(0, len(palette) - 1, stops).round().astype(int)]
    colors = ", ".join(f"rgb({r},{g},{b})" for r, g, b in chosen.tolist())
    return f"linear-gradient(to right, {colors})"
