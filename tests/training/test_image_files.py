"""Folders of pictures: layouts, what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from feathermr.core.errors import DataError
from feathermr.training.data_kind import data_kind
from feathermr.training.image_files import find_pictures, read_luminance
from training.picture_folders import paint, tumours


def test_parts_and_kinds_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    found = find_pictures(tumours(tmp_path))
    assert [one.name for one in found.train[:4]] == [
        *(f"Training/glioma/{number}.jpg" for number in range(3)),
        "Training/notumor/0.jpg",
    ]
    assert [one.kind for one in found.test] == ["glioma", "glioma", "notumor", "notumor"]
    kinds = find_pictures(tmp_path / "Training")
    assert ([one.kind for one in kinds.train], kinds.test) == (
        ["glioma"] * 3 + ["notumor"] * 3,
        (),
    )


@pytest.mark.parametrize("inner", ["", "Flickr2K_HR", "HR"])
def test_a_flat_folder_may_lie_in_another(tmp_path: Path, inner: str) -> None:
    for number in range(3):
        paint(tmp_path / inner / f"{number:06d}.png", number)
    paint(tmp_path / inner / "._000000.png")
    (tmp_path / inner / "Thumbs.db").write_bytes(b"no picture")
    found = find_pictures(tmp_path, 2)
    assert [(one.path.name, one.kind, one.low) for one in found.train] == [
        (f"{number:06d}.png", "", None) for number in range(3)
    ]


def test_pairs_are_found_by_their_names(tmp_path: Path) -> None:
    for number, name in enumerate(("baby", "bird")):
        paint(tmp_path / "HR" / f"{name}.png", number)
        low = paint(tmp_path / "LR_bicubic" / "X2" / f"{name}x2.png", 5 + number, (20, 18))
    assert find_pictures(tmp_path, 2).train[1].low == low
    assert find_pictures(tmp_path, 3).train[1].low is None
    assert find_pictures(tmp_path, 0).train[1].low is None
    low.unlink()
    with pytest.raises(DataError, match=r"bird\.png has no picture of low resolution in .*X2"):
        find_pictures(tmp_path, 2)


def test_copies_are_left_out_and_never_of_the_test(tmp_path: Path) -> None:
    root = tumours(tmp_path)
    copied = (root / "Testing" / "glioma" / "1.jpg").read_bytes()
    (root / "Training" / "notumor" / "copy.jpg").write_bytes(copied)
    (root / "Training" / "notumor" / "again.jpg").write_bytes(copied)
    found = find_pictures(root)
    assert (len(found.train), len(found.test)) == (6, 4)
    assert found.notes == ("2 picture(s) left out that are copies of others",)


def test_luminance_is_that_of_the_standard_and_grey_stays_grey(tmp_path: Path) -> None:
    values = np.zeros((16, 20, 3), dtype=np.uint8)
    values[:8, :, 0], values[8:, :10, 1], values[8:, 10:, 2] = 255, 255, 255
    Image.fromarray(values).save(tmp_path / "colour.png")
    found = read_luminance(tmp_path / "colour.png")
    for part, weight in ((found[:8], 0.299), (found[8:, :10], 0.587), (found[8:, 10:], 0.114)):
        assert torch.allclose(part, torch.tensor(weight), atol=0.5 / 255)
    deep = np.arange(16 * 20, dtype=np.uint16).reshape(16, 20) * 200
    Image.fromarray(deep).save(tmp_path / "deep.png")
    expected = torch.from_numpy(deep.astype(np.float32) / 65535)
    assert torch.equal(read_luminance(tmp_path / "deep.png"), expected)


def test_a_picture_that_cannot_be_used_is_one_sentence_with_its_name(tmp_path: Path) -> None:
    whole = paint(tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("cut.png", "text.jpg", "empty.png", "none.png"):
        with pytest.raises(DataError, match=rf"^cannot read the picture .*{name}: .+$"):
            read_luminance(tmp_path / name)
    with pytest.raises(DataError, match=r"whole.png has 40 x 36 pixels; at least 38 x 38 are"):
        read_luminance(tmp_path / "whole.png", 38)
    Image.new("L", (40, 40)).save(tmp_path / "black.png")
    with pytest.raises(DataError, match=r"black.png is black everywhere"):
        read_luminance(tmp_path / "black.png")
    with pytest.raises(DataError, match="is no folder"):
        find_pictures(tmp_path / "whole.png")
    (tmp_path / "nothing" / "inside").mkdir(parents=True)
    with pytest.raises(DataError, match=r"holds no pictures \(.png, .jpg"):
        find_pictures(tmp_path / "nothing")


def test_what_lies_in_a_folder_says_what_is_trained_on(tmp_path: Path) -> None:
    pictures, scans, both = (tmp_path / name for name in ("pictures", "scans", "both"))
    for root in (pictures, both):
        paint(root / "Training" / "glioma" / "a.JPG")
    for root in (scans, both):
        (root / "singlecoil_train").mkdir(parents=True)
        (root / "singlecoil_train" / "a.h5").write_bytes(b"")
    assert data_kind(pictures) == "images"
    assert data_kind(scans) == "fastmri"
    assert data_kind(tmp_path / "cine.npz") == "films"
    (tmp_path / "none").mkdir()
    for path, sentence in (
        (both, "both scans"),
        (tmp_path / "none", "neither scans"),
        (tmp_path / "lost", "there is no file or folder"),
        (pictures / "Training" / "glioma" / "a.JPG", "is no .npz file of films; of scans or"),
    ):
        with pytest.raises(DataError, match=sentence):
            data_kind(path)
