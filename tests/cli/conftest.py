from pathlib import Path

import numpy as np
import pytest

import feathermr
from commands import Ran, Run
from feathermr.cli.main import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty folder with a terminal's width, as a stranger would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: object) -> Ran:
        try:
            code = main([str(word) for word in words])
        except SystemExit as leaving:  # argparse's way out
            code = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small scans that no test changes.

    ``brain.h5`` (2 slices, complete, with a reference), ``heart.mrd`` (6 frames),
    ``complete.npy`` and ``sparse.npy`` (coil, y, x), ``picture.png``.
    """
    folder = tmp_path_factory.mktemp("scans")
    brain = feathermr.simulate("brain", slices=2, shape=(40, 48), coils=4)
    feathermr.save_acquisition(brain, folder / "brain.h5")
    heart = feathermr.simulate("heart", frames=6, shape=(40, 48), coils=3)
    feathermr.save_acquisition(heart, folder / "heart.mrd")
    np.save(folder / "complete.npy", brain.kspace[0, 0].numpy())
    sparse = feathermr.Undersampling(3)(brain)
    np.save(folder / "sparse.npy", sparse.kspace[0, 0].numpy())
    assert brain.reference is not None
    feathermr.save_image(brain.reference[:1], brain.header, folder / "picture", "png")
    return folder
