"""The speed of films, and what is said where a film cannot be written."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import torch
from PIL import Image

from feathermr.acquisition import Header, check_image_format, load, save_image
from feathermr.acquisition.animation import frame_delays, gif_durations
from feathermr.core.errors import DataError, MissingExtraError, UsageError
from ffmpeg import NEEDS_FFMPEG, decoded, probed


def film(frames: int, height: int = 24, width: int = 32) -> torch.Tensor:
    """One slice with a bright square that moves to the right (slice, frame, y, x)."""
    image = torch.full((1, frames, height, width), 0.2)
    for frame in range(frames):
        left = frame * (width - 8) // max(1, frames - 1)
        image[0, frame, 8:16, left : left + 8] = 1.0
    return image


def times(*steps: float) -> Header:
    return Header(frame_times=tuple(np.cumsum([0.01, *steps]).tolist()))


def shown(path: Path) -> list[int]:
    """Milliseconds of every frame of a GIF."""
    with Image.open(path) as animation:
        durations = []
        for frame in range(animation.n_frames):
            animation.seek(frame)
            durations.append(animation.info["duration"])
        assert animation.info["loop"] == 0
    return durations


def test_a_gif_of_a_known_speed_loses_no_time_to_rounding(tmp_path: Path) -> None:
    (path,) = save_image(film(20), times(*[0.0316] * 19), tmp_path / "a", "gif")
    durations = shown(path)
    assert len(durations) == 20
    assert set(durations) == {30, 40}
    assert sum(durations) == pytest.approx(20 * 31.6, abs=10)


def test_uneven_frames_are_shown_as_long_as_they_lasted(tmp_path: Path) -> None:
    (path,) = save_image(film(4), times(0.04, 0.1, 0.04), tmp_path / "a", "gif")
    assert shown(path) == [40, 100, 40, 60]


@pytest.mark.parametrize(
    ("header", "delays"),
    [
        (Header(), (0.1, 0.1, 0.1)),
        (Header(frame_times=(0.0, 0.04)), (0.1, 0.1, 0.1)),  # of another number of frames
        (times(0.005, 0.005), (0.02, 0.02, 0.02)),  # faster than players are
        (times(0.01, 0.05), (0.02, 0.05, 0.03)),
        (times(3.0, 3.0), (1.0, 1.0, 1.0)),  # longer than anybody waits
    ],
)
def test_what_cannot_be_watched_in_real_time_has_a_sensible_speed(
    header: Header, delays: tuple[float, ...]
) -> None:
    assert frame_delays(header, 3, 0.02) == pytest.approx(delays)
    assert min(gif_durations(delays)) >= 20


def test_a_gif_comes_back_with_its_times(tmp_path: Path) -> None:
    (path,) = save_image(film(4), times(0.04, 0.1, 0.04), tmp_path / "a", "gif")
    assert load(path).header.frame_times == pytest.approx((0.0, 0.04, 0.14, 0.18))


def test_a_dicom_series_says_when_and_sorts_by_it(tmp_path: Path) -> None:
    image = torch.cat([film(5), film(5).flip(-1)])
    header = replace(times(0.03, 0.05, 0.04, 0.04), spacing=(0.008, 0.002, 0.0015))
    paths = save_image(image, header, tmp_path / "film", "dicom")
    files = [pydicom.dcmread(path) for path in paths]
    assert len({file.SeriesInstanceUID for file in files}) == 1
    assert len({file.SOPInstanceUID for file in files}) == 10
    for number, file in enumerate(files):
        assert file.InstanceNumber == number + 1
        assert file.TemporalPositionIdentifier == number % 5 + 1
        assert file.NumberOfTemporalPositions == file.CardiacNumberOfImages == 5
        assert float(file.TriggerTime) == pytest.approx(1e3 * header.frame_times[number % 5])
        assert float(file.FrameTime) == pytest.approx(40.0)
        assert file.RecommendedDisplayFrameRate == 25
    first = [file for file in files if file.ImagePositionPatient == files[0].ImagePositionPatient]
    first.reverse()
    ordered = sorted(first, key=lambda file: file.TriggerTime)
    assert [file.InstanceNumber for file in ordered] == [1, 2, 3, 4, 5]
    back = load(paths[0].parent)
    assert (back.reference - image).abs().max() <= 1.0 / 65535
    assert back.header.frame_times == pytest.approx(header.frame_times, abs=1e-9)


def test_a_dicom_series_without_times_makes_none_up(tmp_path: Path) -> None:
    paths = save_image(film(5), Header(), tmp_path / "film", "dicom")
    file = pydicom.dcmread(paths[0])
    assert not {"TriggerTime", "FrameTime", "TemporalResolution"} & set(file.dir())
    back = load(paths[0].parent)
    assert back.reference.shape == (1, 5, 24, 32)
    assert back.header.frame_times == ()
    assert "NumberOfTemporalPositions" not in pydicom.dcmread(
        save_image(film(1), Header(), tmp_path / "still", "dicom")[0]
    )


def test_nifti_has_the_frames_apart_by_seconds(tmp_path: Path) -> None:
    (path,) = save_image(film(5), times(0.03, 0.05, 0.04, 0.04), tmp_path / "film", "nifti")
    nifti = nibabel.load(path)
    assert nifti.shape == (32, 24, 1, 5)
    assert nifti.header["pixdim"][4] == pytest.approx(0.04)
    assert nifti.header["toffset"] == pytest.approx(0.01)
    assert nifti.header.get_xyzt_units() == ("mm", "sec")
    even = times(0.04, 0.04, 0.04, 0.04).frame_times
    assert load(path).header.frame_times == pytest.approx(even)
    (path,) = save_image(film(5), Header(), tmp_path / "timeless", "nifti")
    assert nibabel.load(path).header["pixdim"][4] == 0
    assert load(path).header.frame_times == ()


def test_more_than_a_thousand_files_sort_by_name(tmp_path: Path) -> None:
    paths = save_image(film(1001, 9, 9), Header(), tmp_path / "a", "png")
    assert sorted(paths) == list(paths)


@NEEDS_FFMPEG
def test_an_mp4_has_the_speed_of_the_scan_and_lasts_long_enough(tmp_path: Path) -> None:
    image = film(10)
    (path,) = save_image(image, times(*[0.04] * 9), tmp_path / "a", "mp4")
    facts = probed(path)
    assert facts["codec_name"] == "h264"
    assert facts["pix_fmt"] == "yuv420p"
    assert facts["r_frame_rate"] == "25/1"
    assert float(facts["duration"]) == pytest.approx(5.2)  # 13 times 0.4 s
    frames = decoded(path, 24, 32)
    assert len(frames) == 130
    wanted = np.round(255 * image[0].numpy())
    assert np.abs(frames[:10] - wanted).max() <= 8
    assert np.abs(frames[120:] - wanted).max() <= 8


@NEEDS_FFMPEG
def test_a_long_film_is_not_repeated_and_odd_sizes_are_padded(tmp_path: Path) -> None:
    paths = save_image(
        film(6, 23, 31).expand(2, -1, -1, -1), times(*[1.0] * 5), tmp_path / "a.mp4", "mp4"
    )
    assert [path.name for path in paths] == ["a_000.mp4", "a_001.mp4"]
    frames = decoded(paths[1], 24, 32)
    assert len(frames) == 6
    assert frames[:, 23].max() <= 8
    assert frames[:, :, 31].max() <= 8


def test_without_ffmpeg_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(module: str) -> None:
        raise MissingExtraError(module)

    monkeypatch.setattr("feathermr.acquisition.mp4.shutil.which", lambda name: None)
    monkeypatch.setattr("feathermr.acquisition.mp4.require", absent)
    with pytest.raises(UsageError, match=r"apt install ffmpeg.*feathermr\[video\]"):
        check_image_format("mp4")
    with pytest.raises(UsageError, match="needs the program ffmpeg"):
        save_image(film(3), Header(), tmp_path / "a", "mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["#!/bin/sh\ncat >/dev/null\necho no codec >&2\nexit 3\n", ""])
def test_an_ffmpeg_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setattr("feathermr.acquisition.mp4.shutil.which", lambda name: str(program))
    with pytest.raises(DataError, match=r"no codec|does not start"):
        save_image(film(3), Header(), tmp_path / "out" / "a", "mp4")
    assert list((tmp_path / "out").iterdir()) == []
