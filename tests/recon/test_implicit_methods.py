"""Fields as methods: frames at any time, the family of weights, the field as a file."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import laws
import synthetic
from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError, UsageError
from feathermr.models.implicit import FIELDS, FittedField, load_field, save_field
from feathermr.recon import Reconstruction, compare, make_method, reconstruct

TIMES = (0.0, 0.1, 0.2, 0.3, 0.45, 0.5)
SHAPE = (24, 20)
TRUTH = synthetic.scan(1, 6, 3, SHAPE, noise=0.005, known_maps=False).reference


def film(slices: int = 1, n_coils: int = 3) -> Acquisition:
    complete = synthetic.scan(slices, 6, n_coils, SHAPE, noise=0.005, known_maps=False)
    scan = synthetic.accelerated(complete, center=6)
    header = replace(scan.header, frame_times=TIMES, spacing=(0.008, 0.002, 0.0015))
    return replace(scan, header=header)


def fitted(method: str = "inr", slices: int = 1) -> tuple[Reconstruction, FittedField]:
    made = reconstruct(film(slices), method, {"steps": 15})
    assert made.field is not None
    return made, made.field


def test_any_number_of_frames_at_their_times() -> None:
    made = reconstruct(film(), "inr", {"steps": 15, "times": 9})
    assert made.image.shape == (1, 9, *SHAPE)
    assert made.header.frame_times == pytest.approx([0.6 * index / 9 for index in range(9)])
    ended = reconstruct(film(), "inr", {"steps": 15, "times": 3, "cyclic": False})
    assert ended.header.frame_times == pytest.approx((0, 0.25, 0.5))
    assert made.header.spacing == (0.008, 0.002, 0.0015)


def test_frames_between_those_of_the_scan_lie_between_them() -> None:
    made = reconstruct(film(), "inr", {"steps": 60})
    assert made.field is not None
    between, _ = made.field.image(tuple((a + b) / 2 for a, b in pairwise(TIMES)))
    scan = made.image[:, :-1], made.image[:, 1:]
    middle = (scan[0] + scan[1]) / 2
    step = float((scan[0] - scan[1]).abs().square().sum())
    assert float((between - middle).abs().square().sum()) < 0.3 * step


def test_the_field_gives_the_image_again_and_knows_the_scan() -> None:
    made, field = fitted(slices=2)
    image, header = field.image()
    laws.assert_equal(image, made.image, 1e-6)
    assert header.frame_times == TIMES
    assert field.domain.pixel == (0.002, 0.0015)
    assert field.card["method"] == "inr"
    assert made.cost.parameters == sum(one.numel() for one in field.slices[0].parameters())


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    made = reconstruct(film(2), "inr-lambda", {"steps": 1, "field": name})
    assert made.field is not None
    again = load_field(save_field(made.field, tmp_path / "field.safetensors"))
    times = (0.05, 0.33)
    for weight in (None, 1e-3):
        image, header = again.image(times, weight)
        assert torch.equal(image, made.field.image(times, weight)[0])
        assert header.frame_times == times
    assert again.header == made.field.header
    assert again.card["settings"]["field"] == name


def test_one_fit_holds_a_family_of_weights() -> None:
    made, field = fitted("inr-lambda")
    rough, _ = field.image(weight=1e-5)
    smooth, _ = field.image(weight=1.0)
    changes = [float(one.diff(dim=1).abs().sum()) for one in (rough, smooth)]
    assert changes[1] < changes[0]
    assert field.weight is not None
    assert any(f"lambda = {field.weight:.2g}" in note for note in made.provenance.notes)
    _, plain = fitted("inr")
    with pytest.raises(UsageError, match="inr-lambda"):
        plain.image(weight=0.1)


def test_the_family_has_the_image_itself_and_a_score_for_every_value() -> None:
    compared = compare(film(), {"f": make_method("inr-lambda", {"steps": 10})}, TRUTH, scan="s")
    made = compared.reconstructions["f"]
    family = made.family
    assert family is not None
    assert family.values[:: len(family.values) - 1] == pytest.approx((1e-5, 1.0))
    laws.assert_equal(family.image(family.values[family.own]), made.image, 1e-6)
    assert all("%" in note for note in family.notes)
    scores = compared.family_scores["f"]
    assert len(scores) == len(family.values) == len(family.notes) == 11
    own = {score.metric: score.mean for score in scores[family.own]}
    whole = {one.metric: one.mean for one in compared.scores if one.method == "f"}
    assert own == pytest.approx({name: whole[name] for name in ("psnr", "ssim")}, rel=1e-5)
    assert scores[-1][0].mean != own["psnr"]
    assert fitted("inr")[0].family is None


def test_a_static_image_has_no_other_times() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 2, SHAPE), center=6)
    with pytest.raises(UsageError, match="one frame"):
        reconstruct(scan, "inr", {"times": 8})
    field = reconstruct(scan, "inr", {"steps": 5}).field
    assert field is not None
    with pytest.raises(UsageError, match="static"):
        field.image((0.0, 0.5))


def test_the_image_from_the_field_is_cropped_as_that_of_the_scan() -> None:
    scan = film()
    made = reconstruct(
        replace(scan, header=replace(scan.header, image_shape=(12, 14))), "inr", {"steps": 5}
    )
    assert made.field is not None
    laws.assert_equal(made.field.image()[0], made.image, 1e-6)


def lie(path: Path, key: str, value: object) -> None:
    """Change an entry of the card and leave the parameters."""
    with safe_open(path, "pt") as opened:
        record = json.loads(opened.metadata()["feathermr"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    save_file(tensors, path, {"feathermr": json.dumps(record | {key: value})})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("field", "sirens"),
        ("field", "siren"),
        ("slices", 3),
        ("slices", 0),
        ("settings", {"rank": 2}),
        ("settings", {"rank": "many"}),
        ("settings", 7),
        ("domain", {}),
        ("header", {"phase": 3, "frame_times": 7}),
        ("scale", "large"),
        ("format", "feathermr model 1"),
    ],
)
def test_a_file_that_lies_is_refused(key: str, value: object, tmp_path: Path) -> None:
    path = save_field(fitted()[1], tmp_path / "field.safetensors")
    lie(path, key, value)
    with pytest.raises(DataError, match=r"field\.safetensors"):
        load_field(path)


def test_what_is_no_field_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "field.safetensors"
    with pytest.raises(DataError, match="cannot be read"):
        load_field(path)
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(DataError, match="cannot be read"):
        load_field(path)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(DataError, match="no card"):
        load_field(path)
    save_field(fitted()[1], path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read"):
        load_field(path)


def test_an_interrupt_gives_the_image_so_far_and_says_so() -> None:
    def progress(done: int, total: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    made = make_method("inr", {"steps": 50})(film(), progress=progress)
    assert any("interrupted" in note for note in made.provenance.notes)
    assert torch.isfinite(torch.view_as_real(made.image)).all()
