"""What is read from a file is what was drawn, and no file is ever wrong."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from feathermr.core.errors import DataError
from feathermr.training.batches import to_batch, to_example
from feathermr.training.cache.packing import packed, read_packed, unpacked, write_packed
from feathermr.training.cache.started import WithStarts
from feathermr.training.cache.stored import Stored
from feathermr.training.example import Example, Posed, join
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples
from training.started_network import Tiny, TinyConfig

SMALL = SimulatedConfig(
    anatomies={"texture": 1.0}, sizes=(32, 40), coils=(1, 3), blend=0, batch=2, snr=(20, 30)
)
FILM = SimulatedConfig(
    **{**vars(SMALL), "batch": 1, "frames": (2, 2), "queries": (2, 2), "anatomies": {"heart": 1.0}}
)
LOW = SimulatedConfig(**{**vars(SMALL), "magnify": 2})


class Counted:
    """Examples that count how often each is drawn."""

    def __init__(self, config: SimulatedConfig = SMALL) -> None:
        self.examples, self.drawn = SimulatedExamples(config, 0), list[int]()

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Posed:
        self.drawn.append(index)
        return self.examples[index]


def assert_equal(one: Posed, other: Posed) -> None:
    batch, wanted = to_batch(one), to_batch(other)
    assert batch.keys() == wanted.keys()
    assert all(torch.equal(value, wanted[key]) for key, value in batch.items())


@pytest.mark.parametrize("config", [SMALL, FILM, LOW], ids=["scan", "film", "image"])
def test_every_kind_of_example_comes_back_bit_for_bit_and_is_drawn_once(
    tmp_path: Path, config: SimulatedConfig
) -> None:
    source = Counted(config)
    kept = Stored(source, tmp_path / "new", 1)
    first, again, other = kept[3], kept[3], kept[4]
    assert source.drawn == [3, 4]
    assert_equal(first, again)
    assert_equal(first, source.examples[3])
    assert_equal(other, Stored(source, tmp_path / "new", 1)[4])
    assert type(again) is type(first)


def test_unsampled_positions_cost_nothing(tmp_path: Path) -> None:
    batch = to_batch(SimulatedExamples(SMALL, 0)[1])
    share = float(batch["mask"].expand_as(batch["kspace"]).float().mean())
    assert packed(batch)["complex samples"].shape == (round(share * batch["kspace"].numel()), 2)
    write_packed(batch, tmp_path / "one.safetensors")
    assert torch.equal(read_packed(tmp_path / "one.safetensors")["kspace"], batch["kspace"])


def test_starts_are_kept_joined_and_moved() -> None:
    network = Tiny(TinyConfig())
    source = WithStarts(SimulatedExamples(SMALL, 0), network)
    example = source[2]
    assert isinstance(example, Example)
    assert example.starts is not None
    assert example.starts.shape == (2, 1, 2, *example.target.shape[-2:])
    expected = network.starts(example.kspace, example.encoding)
    assert torch.equal(example.starts, expected)
    back = to_example(unpacked(packed(to_batch(example))))
    assert_equal(back, example)
    twice = join([example, example.to("cpu")])
    assert twice.starts is not None
    assert torch.equal(twice.starts, example.starts.repeat(2, 1, 1, 1, 1))
    assert join([example, SimulatedExamples(SMALL, 0)[2]]).starts is None  # type: ignore[list-item]


def test_the_oldest_are_given_up_and_drawn_anew_when_they_are_wanted(tmp_path: Path) -> None:
    source = Counted()
    kept = Stored(source, tmp_path, 1)
    for number in range(6):
        kept.get(number, max(0, number - 2))
    assert [int(one.stem) for one in sorted(tmp_path.iterdir())] == [3, 4, 5]
    size = sum(one.stat().st_size for one in tmp_path.iterdir())
    tight = Stored(source, tmp_path, 0.75 * size / 1e9)
    assert_equal(tight[6], source.examples[6])
    left = [int(one.stem) for one in sorted(tmp_path.iterdir())]
    assert left == list(range(left[0], 7))
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) <= 0.75 * size
    assert_equal(tight[0], source.examples[0])


@pytest.mark.parametrize("content", [b"", b"\0" * 80, b"{}"])
def test_a_file_that_a_power_cut_spoiled_is_drawn_anew(tmp_path: Path, content: bytes) -> None:
    source = Counted()
    kept = Stored(source, tmp_path, 1)
    kept.path(1).write_bytes(content)
    assert_equal(kept[1], source.examples[1])
    assert_equal(kept[1], source.examples[1])
    assert source.drawn == [1]


DRAWER = """
import sys, itertools, torch
from pathlib import Path
from feathermr.training.cache.stored import Stored
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples
torch.set_num_threads(1)
config = SimulatedConfig(
    anatomies={"texture": 1.0}, sizes=(32, 40), coils=(1, 3), blend=0, batch=2, snr=(20, 30)
)
kept = Stored(SimulatedExamples(config, 0), Path(sys.argv[1]), 1)
for number in itertools.count():
    kept[number]
"""


@pytest.mark.slow
def test_a_killed_drawer_leaves_nothing_that_is_read_and_wrong(tmp_path: Path) -> None:
    drawer = subprocess.Popen([sys.executable, "-c", DRAWER, str(tmp_path)])
    try:
        for _ in range(600):
            if len(list(tmp_path.glob("*.safetensors"))) > 20 or drawer.poll() is not None:
                break
            time.sleep(0.1)
    finally:
        drawer.kill()
        drawer.wait()
    source = Counted()
    kept = Stored(source, tmp_path, 1)
    kept.check()
    names = [int(one.stem) for one in tmp_path.glob("[0-9]*.safetensors")]
    assert sorted(names) == list(range(len(names)))
    assert len(names) > 20
    for number in names:
        assert_equal(kept[number], source.examples[number])
    assert len(source.drawn) == 1  # by the check


def test_files_of_another_simulator_are_refused(tmp_path: Path) -> None:
    Stored(Counted(), tmp_path, 1)[2]
    Stored(Counted(), tmp_path, 1).check()
    other = SimulatedConfig(**{**vars(SMALL), "snr": (5, 6)})
    with pytest.raises(DataError, match=r"drawn by another version.*delete that folder"):
        Stored(Counted(other), tmp_path, 1).check()
    Stored(Counted(other), tmp_path / "none", 1).check()
