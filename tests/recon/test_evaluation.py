"""Methods x scans x masks: what is compared, scored, stored and read back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import laws
import synthetic
from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError
from feathermr.recon import compare, evaluate, make_method, read, reference_image, store
from feathermr.recon.runner import Method
from feathermr.sampling import Undersampling

SHAPE = (33, 26)


def complete() -> Acquisition:
    return synthetic.scan(2, 1, 3, SHAPE, noise=0.003)


def methods() -> dict[str, Method]:
    return {"cg": make_method("cg-sense", {"iterations": 8})}


def test_the_reference_of_the_scan_comes_first() -> None:
    scan = complete()
    assert reference_image(scan) is scan.reference
    assert reference_image(synthetic.accelerated(scan)) is scan.reference


def test_the_reference_is_cropped_as_the_images_are() -> None:
    scan = complete()
    assert scan.reference is not None
    shown = replace(scan, header=replace(scan.header, image_shape=(20, 21)))
    found = reference_image(shown)
    assert found is not None
    assert torch.equal(found, scan.reference[..., 6:26, 3:24])


def test_a_complete_scan_is_its_own_reference() -> None:
    scan = replace(complete(), reference=None)
    found = reference_image(scan)
    assert found is not None
    truth = complete().reference
    assert truth is not None
    laws.assert_equal(found, truth, 0.05)


def test_an_undersampled_scan_without_reference_has_none() -> None:
    assert reference_image(replace(synthetic.accelerated(complete()), reference=None)) is None


def test_a_comparison_starts_with_zero_filling_and_scores_every_method() -> None:
    scan = synthetic.accelerated(complete())
    result = compare(scan, methods(), scan.reference, scan="one")
    assert list(result.reconstructions) == ["zero-filled", "cg"]
    assert {score.method for score in result.scores} == {"zero-filled", "cg"}
    assert {score.scan for score in result.scores} == {"one"}
    assert {score.subject for score in result.scores} == {"s1"}
    nmse = {s.method: sum(s.values) for s in result.scores if s.metric == "nmse"}
    assert nmse["cg"] < nmse["zero-filled"]


def test_without_a_reference_there_are_images_but_no_scores() -> None:
    result = compare(synthetic.accelerated(complete()), methods(), None, scan="one")
    assert len(result.reconstructions) == 2
    assert result.scores == ()


def test_every_scan_meets_every_mask_and_the_record_survives_storing(tmp_path: Path) -> None:
    masks = [Undersampling(2, "random"), Undersampling(3, "equispaced", center=6)]
    scans = [("a", complete()), ("b", complete().slices(0, 1))]
    entries = evaluate(scans, masks, methods())
    assert [(entry.scan, entry.undersampling["pattern"]) for entry in entries] == [
        ("a", "random"),
        ("a", "equispaced"),
        ("b", "random"),
        ("b", "equispaced"),
    ]
    assert entries[0].acceleration == pytest.approx(2, rel=0.05)
    assert len({entry.mask for entry in entries}) == 2
    assert entries[0].settings["cg"]["iterations"] == 8
    path = store(entries, tmp_path / "evaluation.json")
    assert read(path) == entries
    assert [each.name for each in tmp_path.iterdir()] == ["evaluation.json"]


def test_scans_that_came_undersampled_are_taken_as_they_are() -> None:
    scan = synthetic.accelerated(complete())
    (entry,) = evaluate([("a", scan)], [], methods())
    assert entry.mask == "as acquired"
    assert entry.acceleration == pytest.approx(scan.acceleration)


def test_a_scan_that_cannot_be_scored_is_refused_by_name() -> None:
    scan = replace(synthetic.accelerated(complete()), reference=None)
    with pytest.raises(DataError, match="lonely"):
        evaluate([("lonely", scan)], [], methods())


FORMAT = "feathermr evaluation 1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        json.dumps({"format": "something else", "entries": []}),
        json.dumps({"format": FORMAT}),
        json.dumps({"format": FORMAT, "entries": [1]}),
        json.dumps({"format": FORMAT, "entries": [{"scan": "a"}]}),
        json.dumps({"format": FORMAT, "entries": [{"notes": [], "scores": ["x"]}]}),
        json.dumps({"format": FORMAT, "entries": {"a": 1}}),
    ],
)
def test_a_file_that_is_no_evaluation_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(text)
    with pytest.raises(DataError, match="not a stored evaluation"):
        read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a stored evaluation"):
        read(tmp_path / "nothing.json")
