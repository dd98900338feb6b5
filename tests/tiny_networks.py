"""Settings that make each network tiny."""

from feathermr.core.settings import Setting

SWIN: dict[str, Setting] = {
    "embedding": 24,
    "blocks": 1,
    "depth": 2,
    "heads": 2,
    "window": 4,
    "consistency": 2,
}
LIIF: dict[str, Setting] = {
    "features": 4,
    "width": 8,
    "blocks": 2,
    "layers": 2,
    "decoder_width": 8,
    "decoder_layers": 2,
    "consistency": 2,
}
TINY: dict[str, dict[str, Setting]] = {
    "unet": {"width": 4, "depth": 2, "consistency": 2},
    "kronecker-unet": {"width": 8, "depth": 2, "groups": 2, "consistency": 2},
    "swinmr": SWIN,
    "kronecker-swinmr": SWIN,
    "modl": {"width": 8, "steps": 2, "iterations": 2},
    "kronecker-modl": {"width": 8, "steps": 2, "iterations": 2},
    "kronecker-cascade": {"width": 8, "levels": 2, "steps": 2, "iterations": 2},
    "kronecker-cine": {"width": 8, "levels": 2, "steps": 2, "iterations": 2},
    "liif-rdn3d": {**LIIF, "growth": 4},
    "liif-unet3d": {**LIIF, "activation": "relu"},
    "liif-conv2d": {**LIIF, "frames": 3},
    "lb-unet": {"width": 4, "consistency": 2},
    "efficient-unet": {"width": 0.25, "consistency": 2},
    "swinir-teacher": {"embedding": 12, "blocks": 1, "depth": 2, "heads": 2, "window": 4},
    "chpnet": {"width": 4, "depth": 1, "steps": 2},
    "chpnet-tiny": {"width": 4, "steps": 2, "kronecker": 2, "sparse": True},
    "dual-unet": {
        "frames": 3,
        "width": 8,
        "levels": 2,
        "temporal_width": 4,
        "temporal_blocks": 1,
        "cascades": 2,
        "iterations": 2,
    },
}
