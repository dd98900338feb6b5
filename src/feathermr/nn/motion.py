"""How far what one image shows has moved in another, and images moved back."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, interpolate

#: halvings of the image, warps at each size, and pixels to each side that move together
LEVELS, WARPS, RADIUS = 3, 4, 3
#: of the smaller side, in pixels, below which no image is halved
SMALLEST = 16
#: squared change of brightness over a pixel, where bright tissue is 1, that counts as noise
FLAT = 1e-3
#: against division by zero
TINY = 1e-6


@torch.no_grad()
def motion(fixed: Tensor, moving: Tensor) -> Tensor:
    """Displacements ``u`` (batch, 2, y, x) in pixels along y and x; without gradient.

    ``min_u sum_window |moving(r + u) - fixed(r)|^2 + FLAT |du|^2`` by Gauss-Newton steps ``du``
    from coarse to fine images: Lucas and Kanade 1981, Proc. IJCAI, 674; with warps in the manner of
    Le Besnerais and Champagnat 2005, doi:10.1109/ICIP.2005.1529706. In the end ``u`` is multiplied
    by ``(1 - e_1 / e_0)^2``, the share of the window's squared difference ``e_0`` that it explains,
    so that it is small where nothing moves, or too much to be followed.

    Args:
        fixed: magnitudes (batch, y, x).
        moving: magnitudes (batch, y, x).
    """
    pyramid = [(fixed[:, None], moving[:, None])]
    while len(pyramid) < LEVELS and min(pyramid[-1][0].shape[-2:]) >= 2 * SMALLEST:
        pyramid.append(tuple(_halved(one) for one in pyramid[-1]))  # type: ignore[arg-type]
    found = fixed.new_zeros(len(fixed), 2, *pyramid[-1][0].shape[-2:])
    for still, other in reversed(pyramid):
        shape = still.shape[-2:]
        if found.shape[-2:] != shape:
            scale = [new / old for new, old in zip(shape, found.shape[-2:], strict=True)]
            found = interpolate(found, size=shape, mode="bilinear", align_corners=False)
            found = found * found.new_tensor(scale)[:, None, None]
        for _ in range(WARPS):
            found = found + _step(still, warp(other, found, cubic=False))
    return found * _explained(*pyramid[0], found).square()


def warp(images: Tensor, displacement: Tensor, *, cubic: bool = True) -> Tensor:
    """``images(r + u(r))`` (batch, channel, y, x); beyond the border its values go on.

    Args:
        images: real (batch, channel, y, x).
        displacement: ``u`` (batch, 2, y, x) in pixels along y and x.
        cubic: the interpolation, which keeps more detail than a linear one and takes longer.
    """
    height, width = images.shape[-2:]
    rows = torch.arange(height, device=images.device, dtype=images.dtype)[:, None]
    columns = torch.arange(width, device=images.device, dtype=images.dtype)
    y = (2 * (rows + displacement[:, 0]) + 1) / height - 1
    x = (2 * (columns + displacement[:, 1]) + 1) / width - 1
    places = torch.stack([x, y], dim=-1)
    kind = "bicubic" if cubic else "bilinear"
    return grid_sample(images, places, kind, "border", align_corners=False)


def _step(fixed: Tensor, moved: Tensor) -> Tensor:
    """The displacement (batch, 2, y, x) that is still missing."""
    middle = (fixed + moved) / 2
    down, along = torch.gradient(middle, dim=(-2, -1))
    late = moved - fixed
    products = [down * down, along * along, down * along, down * late, along * late]
    yy, xx, yx, yt, xt = _windows(torch.cat(products, dim=1)).unbind(1)
    yy, xx = yy + FLAT, xx + FLAT
    share = yy * xx - yx * yx
    return torch.stack([(yx * xt - xx * yt) / share, (yx * yt - yy * xt) / share], dim=1)


def _explained(fixed: Tensor, moving: Tensor, displacement: Tensor) -> Tensor:
    """The share (batch, 1, y, x) of the difference that is gone after the displacement."""
    before = _windows((moving - fixed).square())
    after = _windows((warp(moving, displacement, cubic=False) - fixed).square())
    return (1 - after / (before + TINY)).clamp(min=0)


def _windows(values: Tensor) -> Tensor:
    """Means over a neighbourhood: two means over squares, which make it nearly round."""
    for _ in range(2):
        values = avg_pool2d(values, 2 * RADIUS + 1, 1, RADIUS, count_include_pad=False)
    return values


def _halved(images: Tensor) -> Tensor:
    return avg_pool2d(images, 2, ceil_mode=True, count_include_pad=False)
