"""The table of networks, and how one is made from its name and settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from feathermr.core.registry import look_up
from feathermr.core.seeding import seeded
from feathermr.core.settings import Record, Setting, with_settings
from feathermr.models.cascade import Cascade, CascadeConfig
from feathermr.models.chpnet import Chpnet, ChpnetConfig
from feathermr.models.dual_unet import DualUnet, DualUnetConfig
from feathermr.models.efficient_unet import EfficientUnetConfig, efficient_unet
from feathermr.models.film_cascade import FilmCascade, FilmCascadeConfig
from feathermr.models.lb_unet import LbUnetConfig, lb_unet
from feathermr.models.liif import Liif, LiifConfig
from feathermr.models.modl import Modl, ModlConfig
from feathermr.models.residual_unet import ResidualUnetConfig, residual_unet
from feathermr.models.swinmr import SwinmrConfig, swinmr
from feathermr.models.unet import UnetConfig, unet

UNTRAINED = "nothing: parameters are drawn at random until weights are loaded"
LIIF = "Chen et al. 2021, arXiv:2012.09161; sine layers: Sitzmann et al. 2020, arXiv:2006.09661"
RESEARCH = "research on reconstruction; not a medical device"


@dataclass(frozen=True)
class Card:
    """What a reader must know of a network before using it.

    Attributes:
        summary: one line.
        source: the paper, with its DOI.
        licence: of code and weights.
        intended_use: what it is for.
        trained_on: the data behind its parameters.
    """

    summary: str
    source: str
    licence: str = "Apache-2.0"
    intended_use: str = RESEARCH
    trained_on: str = UNTRAINED


@dataclass(frozen=True)
class Model:
    """A network by name.

    Attributes:
        network: makes ``model(kspace, encoding) -> image`` of a configuration.
        config: the configuration by default, a frozen dataclass.
        card: what it is.
    """

    network: Callable[[Any], nn.Module]
    config: Record
    card: Card


MODELS: Mapping[str, Model] = {
    "unet": Model(
        unet,
        UnetConfig(),
        Card(
            "U-Net of the fastMRI challenge on the zero-filled image",
            "Zbontar et al. 2018, arXiv:1811.08839",
        ),
    ),
    "kronecker-unet": Model(
        residual_unet,
        ResidualUnetConfig(),
        Card(
            "light residual U-Net of Kronecker layers on the zero-filled image",
            "blocks: Ho et al. 2020, arXiv:2006.11239; layers: Zhang et al. 2021, arXiv:2102.08597",
        ),
    ),
    "swinmr": Model(
        swinmr,
        SwinmrConfig(),
        Card(
            "Swin transformer on the zero-filled image",
            "Huang et al. 2022, doi:10.1016/j.neucom.2022.04.051",
        ),
    ),
    "kronecker-swinmr": Model(
        swinmr,
        SwinmrConfig(kronecker=2),
        Card(
            "Swin transformer of Kronecker layers on the zero-filled image",
            "Huang et al. 2022, doi:10.1016/j.neucom.2022.04.051; layers: Zhang et al. 2021, "
            "arXiv:2102.08597",
        ),
    ),
    "lb-unet": Model(
        lb_unet,
        LbUnetConfig(),
        Card(
            "very light U-Net of group shuffle attention that predicts boundaries, on the "
            "zero-filled image",
            "Xu and Tong 2024, MICCAI, https://papers.miccai.org/miccai-2024/446-Paper2135.html; "
            "U-Net: Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28",
        ),
    ),
    "efficient-unet": Model(
        efficient_unet,
        EfficientUnetConfig(),
        Card(
            "U-Net with EfficientNet-B0 as its encoder on the zero-filled image",
            "Tan and Le 2019, arXiv:1905.11946",
        ),
    ),
    "modl": Model(
        Modl,
        ModlConfig(),
        Card(
            "one shared convolutional denoiser and conjugate gradients, unrolled",
            "Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356",
        ),
    ),
    "kronecker-modl": Model(
        Modl,
        ModlConfig(kronecker=2),
        Card(
            "MoDL of Kronecker layers",
            "Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356; layers: Grassucci et al. 2022, "
            "doi:10.1109/TNNLS.2022.3226772",
        ),
    ),
    "kronecker-cine": Model(
        FilmCascade,
        FilmCascadeConfig(),
        Card(
            "from a film of small total variation by one small Kronecker U-Net that mixes frames "
            "and conjugate gradients in turns; the default for films",
            "half-quadratic splitting: Zhang et al. 2022, doi:10.1109/TPAMI.2021.3088914; "
            "unrolled: Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356; (2+1)D: Tran et al. "
            "2018, arXiv:1711.11248; layers: Grassucci et al. 2022, doi:10.1109/TNNLS.2022.3226772",
        ),
    ),
    "kronecker-cascade": Model(
        Cascade,
        CascadeConfig(),
        Card(
            "from the images of total variation and of CG-SENSE, by small Kronecker U-Nets that "
            "mend them where they disagree and consistency by bands of frequency in turns; the "
            "default for static scans",
            "unrolled: Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356; layers: Grassucci et "
            "al. 2022, doi:10.1109/TNNLS.2022.3226772",
        ),
    ),
    "liif-rdn3d": Model(
        Liif,
        LiifConfig(),
        Card(
            "a film at any time: features of its frames by a 3D residual dense network, and a sine "
            "network of them and of time",
            f"{LIIF}; encoder: Zhang et al. 2018, arXiv:1802.08797",
        ),
    ),
    "liif-unet3d": Model(
        Liif,
        LiifConfig(encoder="unet3d", width=16),
        Card(
            "a film at any time: features of its frames by a 3D U-Net, and a sine network of them "
            "and of time",
            f"{LIIF}; encoder: Çiçek et al. 2016, doi:10.1007/978-3-319-46723-8_49",
        ),
    ),
    "liif-conv2d": Model(
        Liif,
        LiifConfig(encoder="conv2d", width=64),
        Card(
            "a film of 8 frames at any time: features by 2D convolutions whose channels are the "
            "frames, and a sine network of them and of time; a baseline",
            LIIF,
        ),
    ),
    "swinir-teacher": Model(
        swinmr,
        SwinmrConfig(embedding=180, patch=1),
        Card(
            "Swin transformer with a token for each pixel, on the zero-filled image or on one of "
            "low resolution; the heavy teacher of distillation",
            "Liang et al. 2021, doi:10.1109/ICCVW54120.2021.00210",
        ),
    ),
    "chpnet": Model(
        Chpnet,
        ChpnetConfig(),
        Card(
            "gradient steps and one shared denoiser of sub-pixel convolutions, from k-space or "
            "from an image of low resolution; the light student of distillation",
            "steps: Dong et al. 2019, doi:10.1109/TPAMI.2018.2873610; sub-pixel convolution: Shi "
            "et al. 2016, doi:10.1109/CVPR.2016.207",
        ),
    ),
    "chpnet-tiny": Model(
        Chpnet,
        ChpnetConfig(width=16, depth=1),
        Card(
            "CHPNet with a twelfth of the parameters",
            "steps: Dong et al. 2019, doi:10.1109/TPAMI.2018.2873610; sub-pixel convolution: Shi "
            "et al. 2016, doi:10.1109/CVPR.2016.207",
        ),
    ),
    "dual-unet": Model(
        DualUnet,
        DualUnetConfig(),
        Card(
            "two U-Nets, for real and imaginary parts of a film's frames, and a 3D ResNet over "
            "frames; a heavy baseline for films of 20 frames",
            "U-Net: Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28; attention: Woo et "
            "al. 2018, doi:10.1007/978-3-030-01234-2_1",
        ),
    ),
}


def configure(name: str, settings: Mapping[str, Setting] | None = None) -> Record:
    """The configuration of the network called ``name``, with other values for some fields.

    Raises:
        UsageError: an unknown network or setting, or a value of the wrong kind.

    Example:
        >>> configure("unet", {"width": "16"}).width
        16
    """
    return with_settings(look_up(MODELS, name, "network").config, settings, name)


def build(name: str, settings: Mapping[str, Setting] | None = None, seed: int = 0) -> nn.Module:
    """The network called ``name``, its parameters drawn at random.

    Args:
        name: in ``MODELS``.
        settings: values for fields of its configuration.
        seed: same seed, same parameters; torch's global random state is left alone.

    Raises:
        UsageError: an unknown network or setting, or a value of the wrong kind.
    """
    config = configure(name, settings)
    with seeded(seed, "model", name):
        return MODELS[name].network(config)
