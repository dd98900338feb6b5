"""Readouts become frames, frames windows: without a server."""

from dataclasses import replace

import ismrmrd
import numpy as np
import pytest
import torch
from ismrmrd.hdf5 import acquisition_header_dtype

from feathermr.acquisition import Acquisition
from feathermr.acquisition.mrd_header import MrdHeader, read_mrd_header
from feathermr.acquisition.mrd_writer import mrd_xml
from feathermr.calibration import whiten
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.core.seeding import generator
from feathermr.deploy.client import readouts_of
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.offer import Offer
from feathermr.deploy.server.plan import LAST, Plan, Task, Window
from feathermr.deploy.server.wire import Readout
from feathermr.models.weights import SHIPPED
from synthetic import accelerated, scan

ALONE = Window()
HEADER = MrdHeader((6, 8, 1), (6, 8, 1), center=4, last=7)


def readout(
    line: int = 0, *, samples: int = 6, flags: int = 0, value: float = 1.0, **idx: int
) -> Readout:
    head = np.zeros((), acquisition_header_dtype)
    head["number_of_samples"], head["active_channels"] = samples, 2
    head["center_sample"], head["flags"] = samples // 2, flags
    head["idx"]["kspace_encode_step_1"] = line
    for name, counter in idx.items():
        head["idx"][name] = counter
    data = np.full(4 * samples, value, np.float32)
    return Readout(head, data, np.zeros((samples, 0), np.float32))


def planned(readouts: list[Readout], window: Window = ALONE, frames: int = 1) -> list[Task]:
    plan = Plan(replace(HEADER, frames=frames), window, Limits())
    tasks = [task for one in readouts for task in plan.add(one, 0.0)]
    return tasks + plan.finish()


def streamed(acquisition: Acquisition, window: Window = ALONE) -> tuple[Plan, list[Task]]:
    plan = Plan(read_mrd_header(mrd_xml(acquisition)), window, Limits())
    tasks = [task for one in readouts_of(acquisition) for task in plan.add(one, 0.0)]
    return plan, tasks + plan.finish()


def test_the_frames_of_a_stream_are_the_k_space_of_the_scan() -> None:
    acquisition = accelerated(scan(slices=2, frames=3, n_coils=3, shape=(20, 16)))
    _, tasks = streamed(acquisition)
    places = [
        (int(t.frames[0].head["idx"]["slice"]), int(t.frames[0].head["idx"]["phase"]))
        for t in tasks
    ]
    assert places == [(s, f) for s in range(2) for f in range(3)]
    for (s, f), task in zip(places, tasks, strict=True):
        kspace, mask = task.frames[0].taken()
        assert np.array_equal(kspace, acquisition.kspace[s, f].numpy())
        assert np.array_equal(mask.any(1), acquisition.mask[0, f, 0, :, 0].numpy())


def test_noise_readouts_whiten_as_they_do_in_a_file() -> None:
    acquisition = accelerated(scan(n_coils=3, shape=(20, 16)))
    noise = torch.randn(3, 400, dtype=torch.complex64, generator=generator(1))
    noise[1] += 0.5 * noise[0]
    acquisition = replace(acquisition, noise=noise)
    plan, (task,) = streamed(acquisition)
    assert plan.whitened
    expected = whiten(acquisition).kspace[0, 0].numpy()
    assert np.abs(task.frames[0].taken()[0] - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("total", "expected"), [(5, 0), (10, 0), (10, 10), (23, 0), (23, 23), (24, 30)]
)
def test_windows_give_every_frame_once_in_order(total: int, expected: int) -> None:
    window = Window(10, 2)
    frames = [readout(4, repetition=n, flags=LAST) for n in range(total)]
    given: list[int] = []
    for task in planned(frames, window, expected or 1):
        numbers = [int(frame.head["idx"]["repetition"]) for frame in task.frames]
        assert len(numbers) == min(10, total)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        new = numbers[task.given]
        context = 2 if new[-1] < total - 1 else 0
        assert numbers[-1] - new[-1] == context
        assert new[0] - numbers[0] >= min(2, new[0])
        given += new
    assert given == list(range(total))


def test_a_window_of_a_series_that_the_header_counts_does_not_wait_for_the_end() -> None:
    plan = Plan(replace(HEADER, frames=4), Window(10, 2), Limits())
    came = [len(plan.add(readout(4, phase=n, flags=LAST), 0.0)) for n in range(4)]
    assert came == [0, 0, 0, 1]


def test_frames_that_are_no_longer_needed_are_let_go() -> None:
    plan = Plan(HEADER, Window(10, 2), Limits())
    for number in range(100):
        plan.add(readout(4, repetition=number, flags=LAST), 0.0)
    assert len(list(plan.frames())) <= 10


def test_a_later_repetition_ends_the_frame_before_it() -> None:
    plan = Plan(HEADER, Window(), Limits())
    assert plan.add(readout(3, repetition=0), 0.0) == []
    assert len(plan.add(readout(3, repetition=1), 0.0)) == 1


def test_readouts_that_come_after_the_end_of_their_frame_are_counted_and_left_out() -> None:
    plan = Plan(HEADER, Window(), Limits())
    (task,) = plan.add(readout(3, flags=LAST), 0.0)
    assert plan.add(readout(4), 0.0) == []
    assert plan.late == 1
    assert plan.finish() == []
    assert int(task.frames[0].taken()[1].sum()) == 6


def test_calibration_fills_only_what_the_image_leaves_open_in_whatever_order() -> None:
    calibration = 1 << (ismrmrd.ACQ_IS_PARALLEL_CALIBRATION - 1)
    lines = [
        readout(3, flags=calibration, value=9),
        readout(3, value=1),
        readout(4, value=2),
        readout(4, value=4),
        readout(4, flags=calibration, value=9),
        readout(5, flags=calibration, value=7),
    ]
    (task,) = planned(lines)
    kspace, mask = task.frames[0].taken()
    assert kspace[0, 3:6, 0].real.tolist() == [1, 3, 7]
    assert mask.any(1).nonzero()[0].tolist() == [3, 4, 5]


def test_oversampling_of_the_readout_is_removed_in_image_space() -> None:
    header = replace(HEADER, matrix=(12, 8, 1), recon_matrix=(6, 8, 1))
    plan = Plan(header, Window(), Limits())
    one = readout(4, samples=12, flags=LAST)
    line = torch.randn(2, 12, dtype=torch.complex64, generator=generator(3))
    one.data[:] = line.numpy().view(np.float32).reshape(-1)
    (task,) = plan.add(one, 0.0)
    found = ifft(torch.from_numpy(task.frames[0].taken()[0][:, 4]), axes=(-1,))
    assert found.shape == (2, 6)
    assert torch.allclose(found, ifft(line, axes=(-1,))[:, 3:9], atol=1e-5)
    assert torch.allclose(
        fft(found, axes=(-1,)), torch.from_numpy(task.frames[0].taken()[0][:, 4]), atol=1e-5
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (readout(8), "line counter 8 lies outside"),
        (readout(0, samples=7), "do not fit the encoded matrix of 6"),
        (readout(0, value=float("nan")), "NaN"),
        (readout(0, value=float("inf")), "infinity"),
    ],
)
def test_readouts_that_do_not_fit_are_refused(wrong: Readout, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        planned([readout(4), wrong])


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (replace(HEADER, matrix=(6, 5000, 1)), "beyond the limit of 4096"),
        (replace(HEADER, matrix=(6, 8, 4)), "4 partitions"),
        (replace(HEADER, trajectory="radial"), "radial"),
    ],
)
def test_headers_that_cannot_be_served_are_refused(header: MrdHeader, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Plan(header, Window(), Limits())


def test_a_window_without_new_frames_is_refused() -> None:
    with pytest.raises(UsageError, match="two margins"):
        Window(8, 4)


def test_methods_of_films_take_frames_in_windows_and_others_each_by_itself() -> None:
    offer = Offer(str(SHIPPED["kronecker-cine"]), window=Window(20, 3))
    for name in ("kronecker-cine", "temporal-tv", offer.default):
        assert offer.window_of(name, 1) == Window(20, 3)
    for name in ("tv", "kronecker-cascade", str(SHIPPED["kronecker-unet"])):
        assert offer.window_of(name, 30) == Window()
    assert [offer.window_of("auto", frames).size for frames in (1, 30)] == [1, 20]


def test_only_names_that_are_offered_are_chosen() -> None:
    offer = Offer("tv", allowed=("cg-sense",))
    assert [offer.chosen(name) for name in ("", "default", " cg-sense ")] == [
        "tv",
        "tv",
        "cg-sense",
    ]
    for name in ("tv", str(SHIPPED["kronecker-cine"]), "../cg-sense", "x" * 1000):
        with pytest.raises(
            UsageError, match=r"^no configuration is called '.{1,83}'; there are: cg"
        ):
            offer.chosen(name)
