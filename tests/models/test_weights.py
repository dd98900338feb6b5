"""Weights as files: what is written comes back, and nothing else is taken."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import synthetic
from feathermr.core.errors import DataError, UsageError
from feathermr.models import build
from feathermr.models.weights import SHIPPED, load_weights, read_card, save_weights, shipped
from feathermr.operators import encoding

SMALL = {"steps": 2, "width": 8}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    network = build("kronecker-cascade", SMALL, seed=3)
    card = {"trained_on": "nothing"}
    return save_weights(
        tmp_path / "model.safetensors", network.state_dict(), "kronecker-cascade", SMALL, card
    )


def test_a_network_comes_back_as_it_was(file: Path) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, (33, 26)), center=8)
    network = build("kronecker-cascade", SMALL, seed=3).eval()
    trained = load_weights(file)
    assert not trained.network.training
    assert (trained.name, trained.card) == ("kronecker-cascade", {"trained_on": "nothing"})
    with torch.no_grad():
        ours, theirs = (each(scan.kspace, encoding(scan)) for each in (network, trained.network))
    assert torch.equal(ours, theirs)


def test_a_run_folder_stands_for_its_file(file: Path) -> None:
    assert load_weights(file.parent).sha256 == load_weights(file).sha256


def test_all_settings_are_written_so_that_other_defaults_change_nothing(file: Path) -> None:
    settings = read_card(file)["settings"]
    assert settings == {
        "steps": 2, "iterations": 3, "width": 8, "levels": 3, "kronecker": 2, "shared": False,
        "start": "variation", "bands": True,
    }  # fmt: skip


def test_what_is_no_file_of_ours_is_refused_in_one_sentence(tmp_path: Path, file: Path) -> None:
    foreign = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(2)}, foreign)
    with pytest.raises(DataError, match="no card of a FeatherMR network"):
        load_weights(foreign)
    with pytest.raises(DataError, match="cannot be read"):
        load_weights(tmp_path / "absent.safetensors")
    cut = tmp_path / "cut.safetensors"
    for length in (0, 7, 100, file.stat().st_size - 5):
        cut.write_bytes(file.read_bytes()[:length])
        with pytest.raises(DataError, match=r"cut\.safetensors"):
            load_weights(cut)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [("kronecker-cascade", {"steps": 3, "width": 8}, "do not fit")],
)
def test_parameters_of_another_configuration_are_refused(
    tmp_path: Path, name: str, settings: dict[str, int], message: str
) -> None:
    state = build("kronecker-cascade", SMALL).state_dict()
    file = save_weights(tmp_path / "model.safetensors", state, name, settings)
    with pytest.raises(DataError, match=message):
        load_weights(file)


def test_an_unknown_network_in_a_file_is_refused(file: Path) -> None:
    other = file.with_name("other.safetensors")
    other.write_bytes(file.read_bytes().replace(b"kronecker-cascade", b"kronecker-casqade"))
    with pytest.raises(DataError, match="does not fit this version's networks"):
        load_weights(other)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_loads_and_says_what_it_was_trained_on(name: str) -> None:
    trained = shipped(name)
    assert trained.name == name.partition("-x")[0]
    assert "simulated" in trained.card["trained_on"]
    assert all(bool(torch.isfinite(each).all()) for each in trained.network.parameters())


def test_what_ships_is_small() -> None:
    sizes = {name: path.stat().st_size for name, path in SHIPPED.items()}
    assert sum(sizes.values()) < 15e6
    assert sizes["liif-rdn3d"] < 3e6
    cascade = sum(each.numel() for each in shipped("kronecker-cascade").network.parameters())
    assert cascade < 0.6e6


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'kronecker-unet'"):
        shipped("kronecker-net")
