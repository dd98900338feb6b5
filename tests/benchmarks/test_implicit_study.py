"""The films of the study of films at any time, and how its methods are compared."""

import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in [name for name in sys.modules if name.startswith(("implicit_", "cine_study"))]:
        monkeypatch.delitem(sys.modules, name)


def test_films_are_blended_of_the_frames_beside() -> None:
    from implicit_study_measure import between  # noqa: PLC0415 - its folder is on the path now

    frames = torch.tensor([0.0, 4.0, 2.0])[None, :, None, None].expand(1, 3, 2, 2)
    film = between(frames, 4)[0, :, 0, 0]
    assert film.tolist() == [0, 1, 2, 3, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5]


def test_few_frames_of_a_known_film_are_acquired() -> None:
    from implicit_study_scans import Film, acquired, truth  # noqa: PLC0415

    film = Film("heart-1", 1, (48, 40), 16, 4)
    few, whole = acquired(film, 3), truth(film)
    assert (few.n_frames, whole.n_frames) == (4, 16)
    assert few.header.frame_times == whole.header.frame_times[::4]
    assert few.reference is not None
    assert whole.reference is not None
    assert torch.equal(few.reference, whole.reference[:, ::4])
    assert bool((few.kspace == torch.where(few.mask, whole.kspace[:, ::4], 0)).all())
    assert few.acceleration == pytest.approx(3, rel=0.05)


def test_no_film_is_tuned_on_and_tested_with() -> None:
    from implicit_study_plan import SIZES, VARIANTS, folder_name, recipe  # noqa: PLC0415
    from implicit_study_scans import groups  # noqa: PLC0415

    for size in SIZES.values():
        for group in groups(size, []):
            assert not {one.seed for one in group.test} & {one.seed for one in group.tuning}
        steps = {recipe(variant, size).trainer.steps for variant in VARIANTS}
        assert steps == {size.steps}
    assert len({folder_name(variant) for variant in VARIANTS}) == len(VARIANTS)
