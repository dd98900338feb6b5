"""The cards of the trained networks for ``docs/weights.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feathermr.models.table import MODELS

Record = Mapping[str, Any]
USE = {
    "kronecker-cascade": "static scans of one coil or many, 2 to 9 times undersampled, by lines or "
    "points; the frames of a series one by one",
    "kronecker-unet": "static scans where speed counts more than the last dB, and as a start for "
    "training on data of one's own",
}
LIMITS = (
    "Trained on simulated scans, of numerical phantoms and, `kronecker-cascade`, of real magnitude "
    "images; never on a scanner's own k-space. What the simulator does not show (implants, "
    "folding, motion) was never learned.",
    "An image can look sharp and be wrong, the more so at 6 times and beyond. `reconstruct` says "
    "how far the image is from the measured samples; compare with `-m tv`, which learned nothing.",
    "Cartesian only. Frames of a series are reconstructed each by itself; `temporal-tv` and "
    "`low-rank-sparse` use what frames share.",
    "Coil maps are estimated first: a network cannot mend wrong maps.",
)


def networks_section(record: Record) -> str:
    """Both cards, side by side."""
    known = {name: _card(name, one) for name, one in record["networks"].items()}
    names = list(known)
    keys = list(dict.fromkeys(key for one in known.values() for key in one))
    lines = [["", *(f"`{name}`" for name in names)], ["---"] * (len(names) + 1)]
    lines += [[key, *(known[name].get(key, "") for name in names)] for key in keys]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    total = sum(one["bytes"] for one in record["networks"].values()) / 1e6
    limits = "\n".join(f"- {sentence}" for sentence in LIMITS)
    return (
        f"{table}\n\nTogether {total:.1f} MB. `feathermr.models.weights.read_card` reads the whole "
        f"card from a file.\n\nLimits:\n\n{limits}"
    )


def _card(name: str, known: Mapping[str, Any]) -> dict[str, str]:
    file = known["file"]
    card = file["card"]
    recipe = card.get("recipe", {})
    trainer = recipe.get("trainer", {})
    settings = ", ".join(f"{key} {value}" for key, value in file["settings"].items())
    scores = card.get("validation", {})
    return {
        "what": MODELS[name].card.summary,
        "intended use": USE[name],
        "trained on": card.get("trained_on", "not stated"),
        "real images": "; ".join(recipe.get("data", {}).get("credits", ())) or "none",
        "data": _data(recipe),
        "loss": _loss(recipe),
        "training": _training(recipe),
        "steps": f"{card.get('step', 'not stated')} of {trainer.get('steps', 'not stated')}; the "
        f"averaged weights of the best validation by {trainer.get('monitor', 'loss').upper()}",
        "seed": str(recipe.get("seed", "not stated")),
        "validation (simulated)": ", ".join(f"{k} {v:.4g}" for k, v in scores.items()),
        "network": settings,
        "parameters": f"{known['parameters']:,}",
        "file": f"{known['bytes'] / 1e6:.2f} MB, SHA-256 `{known['sha256'][:16]}`",
        "trained with": f"FeatherMR {card.get('feathermr', '(version not stated)')}",
        "license": "Apache-2.0",
    }


def _data(recipe: Mapping[str, Any]) -> str:
    data = recipe.get("data", {}).get("simulated")
    if not data:
        return "not stated"
    low, high = data["sizes"]
    objects = ", ".join(f"{name} {share:.0%}" for name, share in data["anatomies"].items())
    patterns = ", ".join(f"{name} {share:.0%}" for name, share in data["patterns"].items())
    coils = ", ".join(str(number) for number in dict.fromkeys(data["coils"]))
    fastest, slowest = max(data["accelerations"]), min(data["accelerations"])
    return (
        f"{objects}; {low} to {high} pixels; {coils} coils, maps estimated in "
        f"{data['estimated']:.0%}; {patterns}; {slowest:g} to {fastest:g} times; "
        f"signal-to-noise ratio {data['snr'][0]:g} to {data['snr'][1]:g}; batches of "
        f"{data['batch']}"
    )


def _loss(recipe: Mapping[str, Any]) -> str:
    loss = recipe.get("loss")
    if not loss:
        return "not stated"
    settings = ", ".join(f"{key} {value}" for key, value in loss["settings"].items())
    text = loss["name"] + (f" ({settings})" if settings else "")
    if loss["name"] == "composite" and not loss["settings"].get("vgg_weights"):
        text += ", the perceptual term off"
    if loss.get("earlier"):
        text += f"; earlier steps count {loss['earlier']:g}"
    if loss.get("denoising"):
        text += f"; first {loss['denoising']:,} steps as a denoiser alone"
    return text


def _training(recipe: Mapping[str, Any]) -> str:
    if not recipe:
        return "not stated"
    optimiser, schedule = recipe["optimiser"], recipe["schedule"]
    return (
        f"{optimiser['name']}, learning rate {optimiser['learning_rate']:g}, schedule "
        f"{schedule['name']}; weights averaged with {recipe['trainer']['average']:g}; "
        f"{recipe['trainer']['precision']}; recipe `{recipe['model']}`"
    )
