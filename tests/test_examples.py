"""The examples run, and say what they promise."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def output(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / request.param))
    return capsys.readouterr().out


def number(output: str, label: str) -> float:
    """The number behind a label."""
    return float(output.partition(label)[2].split()[0])


def test_every_example_has_a_test() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == {
        "reconstruct_a_scan.py",
        "add_a_method.py",
        "add_an_operator.py",
        "kronecker_layers.py",
    }


@pytest.mark.parametrize("output", ["reconstruct_a_scan.py"], indirect=True)
def test_a_scan_is_reconstructed_better_than_by_zero_filling(output: str, tmp_path: Path) -> None:
    assert number(output, "l1-wavelet:") > number(output, "zero-filled:") + 1
    assert (tmp_path / "out/examples/knee.nii.gz").is_file()


@pytest.mark.parametrize("output", ["add_a_method.py"], indirect=True)
def test_an_own_method_is_scored_beside_the_others(output: str, tmp_path: Path) -> None:
    scores = {line.split()[0]: float(line.split()[-1]) for line in output.splitlines()[:-1:2]}
    assert scores["smooth"] > scores["zero-filled"]
    assert (tmp_path / "out/examples/smooth.html").is_file()


@pytest.mark.parametrize("output", ["add_an_operator.py"], indirect=True)
def test_an_own_operator_corrects_motion(output: str) -> None:
    assert number(output, "corrected: error") < 0.4 * number(output, "ignored: error")


@pytest.mark.parametrize("output", ["kronecker_layers.py"], indirect=True)
def test_an_own_network_is_made_light_and_folded(output: str) -> None:
    assert number(output, "parameters left:") < 0.55
    assert float(output.partition("at first: ")[2].partition(",")[0]) > 2 * number(
        output, "at last:"
    )
    assert number(output, "folded, difference:") < 1e-5
