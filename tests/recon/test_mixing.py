"""Two methods in one: what the scan decides, what is fixed, and what is said of it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition
from feathermr.cli.main import main
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent
from feathermr.core.settings import Setting
from feathermr.phantom import simulate
from feathermr.recon import check_suits, make_method, reconstruct
from feathermr.recon.mixing import Mixer, Pair, places_apart
from feathermr.recon.problem import Problem, pose
from feathermr.recon.total_variation import TotalVariation
from feathermr.sampling import Undersampling

NAMES = ("cg-sense+tv", "kronecker-cascade+tv")


def lines(slices: int = 1, frames: int = 1, coils: int = 3, size: int = 64) -> Acquisition:
    complete = synthetic.scan(slices, frames, coils, (size, 50), noise=0.01, known_maps=False)
    return synthetic.accelerated(complete, keep=0.4, center=8)


def said(scan: Acquisition, name: str, settings: dict[str, Setting] | None = None) -> str:
    """The one note on the mixture."""
    notes = reconstruct(scan, name, settings).provenance.notes
    (note,) = [each for each in notes if "tv" in each]
    return note


def zeros(problem: Problem, progress: Progress) -> Tensor:
    return torch.zeros_like(problem.acquisition.kspace[:, :, 0])


def test_nothing_gives_way_to_a_solution_and_no_solution_to_nothing() -> None:
    problem = pose(lines())
    tv = TotalVariation().solve
    gives_way = Mixer(Pair(("zero", "tv"), zeros, lambda p, _, told: tv(p, told)))
    stays = Mixer(Pair(("tv", "zero"), tv, lambda p, _, told: zeros(p, told)))
    whole = tv(problem, silent)
    laws.assert_equal(gives_way(problem), whole, 0.15)
    laws.assert_equal(stays(problem), whole, 0.15)
    assert gives_way.found[0].share > 0.85
    assert stays.found[0].share < 0.15


@pytest.mark.parametrize("share", ["0", "0.25", "1"])
def test_a_fixed_share_is_the_mixture_that_it_says(share: str) -> None:
    scan, part = lines(2), float(share)
    tv, net = reconstruct(scan, "tv").image, reconstruct(scan, "kronecker-unet").image
    mixed = reconstruct(scan, "kronecker-unet+tv", {"share": share})
    laws.assert_equal(mixed.image, (1 - part) * tv + part * net, 1e-5)
    assert f"the image is {part:.0%} kronecker-unet" in mixed.provenance.notes[-1]
    assert mixed.provenance.settings["share"] == share


def test_the_default_is_the_mixture_with_total_variation() -> None:
    scan = lines(2)
    alone = reconstruct(scan, "kronecker-cascade")
    named = reconstruct(scan, "kronecker-cascade+tv")
    laws.assert_equal(alone.image, named.image, 1e-6)
    assert named.provenance.notes[-1] in alone.provenance.notes
    assert named.provenance.method == "kronecker-cascade+tv"
    assert named.provenance.weights == alone.provenance.weights
    assert named.cost.parameters == alone.cost.parameters > 0
    only = reconstruct(scan, "kronecker-cascade", {"share": 1})
    assert not any("supports" in note for note in only.provenance.notes)
    laws.assert_equal(
        reconstruct(scan, "kronecker-cascade", {"share": 0}).image,
        reconstruct(scan, "tv").image,
        1e-6,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_mixture_is_deterministic_finite_and_says_its_share(name: str) -> None:
    scan = lines(2)
    once, again = reconstruct(scan, name), reconstruct(scan, name)
    assert torch.equal(once.image, again.image)
    assert bool(torch.isfinite(torch.view_as_real(once.image)).all())
    assert "this scan" in once.provenance.notes[-1]
    assert "held out" in once.provenance.notes[-1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("coils", [1, 3, 14])
@pytest.mark.parametrize("shape", [(9, 7), (33, 26), (120, 131)])
@pytest.mark.parametrize("kind", ["complete", "few lines", "points", "padded"])
def test_no_scan_is_an_error(name: str, coils: int, shape: tuple[int, int], kind: str) -> None:
    scan = synthetic.scan(2, 1, coils, shape, noise=0.01, known_maps=False)
    mask = torch.ones(1, 1, 1, *shape, dtype=torch.bool)
    if kind == "few lines":
        mask[..., : shape[0] // 2 - 4, :] = False
    if kind == "points":
        mask = torch.arange(shape[0] * shape[1]).reshape(mask.shape) % 3 == 0
        mask[..., shape[0] // 2 - 4 : shape[0] // 2 + 4, shape[1] // 2 - 3 : shape[1] // 2 + 3] = (
            True
        )
    kspace = scan.kspace * mask
    if kind == "padded":
        kspace[..., : shape[0] // 4, :] = 0
    result = reconstruct(replace(scan, kspace=kspace, mask=mask, reference=None), name)
    assert result.image.shape == (2, 1, *shape)
    assert bool(torch.isfinite(torch.view_as_real(result.image)).all())
    assert "tv" in result.provenance.notes[-1]


def test_without_lines_to_hold_out_it_says_so() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, (33, 26), noise=0.01), keep=0.1, center=12)
    assert "too little was sampled outside of the center" in said(scan, "kronecker-cascade")


@pytest.mark.parametrize("together", [False, True])
def test_lines_are_held_out_of_each_frame_that_is_solved_alone(together: bool) -> None:
    scan = lines(1, 5)
    apart = places_apart(scan.mask, 5, scan.shape, together)
    assert apart.shape == (1, 5, 1, 64, 1)
    assert bool((apart <= scan.mask).all())
    if not together:
        assert bool(apart.any(-2).all())
        turned = places_apart(scan.mask.flip(1), 5, scan.shape, together)
        assert torch.equal(turned.flip(1), apart)


def test_films_are_mixed_with_one_share() -> None:
    film = simulate("heart", frames=8, shape=(96, 40), coils=2, seed=3).without_coil_maps()
    scan = Undersampling(4)(film)
    result = reconstruct(scan, "kronecker-cine+kt-tv")
    assert result.image.shape == (1, 8, 96, 40)
    assert "supports kronecker-cine" in result.provenance.notes[-1]
    assert "median" not in result.provenance.notes[-1]
    with pytest.raises(DataError, match="kt-tv needs a time series"):
        check_suits("kronecker-cine+kt-tv", lines())


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("kronecker-cascade+tvs", {}, "did you mean 'tv'"),
        ("kronecker-cascade+tv+tv", {}, "a mixture is of two methods"),
        ("inr+tv", {}, "inr cannot be mixed"),
        ("tv+network", {}, "needs weights"),
        ("cg-sense+tv", {"share": 1.5}, "share must be 'scan' or a number from 0 to 1"),
        ("cg-sense+tv", {"shares": 1}, "did you mean 'share'"),
        ("kronecker-cascade", {"share": "perhaps"}, "share must be 'scan' or a number"),
    ],
)
def test_what_cannot_be_mixed_is_one_sentence(
    name: str, settings: dict[str, Setting], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        make_method(name, settings)


#: scans beyond those of the training: acceleration, signal-to-noise ratio, another organ
BEYOND = [("brain", 8, 12, 30.0), ("knee", 8, 4, 4.0), ("texture", 1, 8, 30.0), ("heart", 8, 5, 8)]


@pytest.mark.parametrize(("organ", "coils", "acceleration", "snr"), BEYOND)
def test_the_mixture_never_harms_total_variation_much(
    organ: str, coils: int, acceleration: float, snr: float
) -> None:
    complete = simulate(organ, shape=(128, 112), coils=coils, snr=snr, seed=11)
    scan = Undersampling(acceleration, seed=5)(complete).without_coil_maps()
    assert complete.reference is not None
    truth = complete.reference.abs()
    tv, mixed = (
        synthetic.nmse(reconstruct(scan, name).image.abs(), truth)
        for name in ("tv", "kronecker-cascade")
    )
    assert mixed < 1.047 * tv  # 0.2 dB


def test_the_command_line_takes_two_methods_and_the_page_says_the_share(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert (
        main(["simulate", "brain", "--size", "64", "64", "--coils", "2", "--out", str(folder)]) == 0
    )
    file = next(path for path in sorted(folder.rglob("*")) if path.suffix in (".h5", ".npz"))
    words = ["reconstruct", str(file), "--acceleration", "3", "-m", "kronecker-cascade+tv"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    page = next((tmp_path / "out").rglob("report.html")).read_text()
    assert "this scan supports kronecker-cascade" in page or "does not support" in page
