"""Methods on another runtime, and what takes the place of modules."""

import sys

import pytest
import torch
from torch import nn

import laws
from exporting import shrink
from feathermr import simulate
from feathermr.cli.main import main
from feathermr.core.errors import DataError, MissingExtraError, UsageError
from feathermr.deploy.graphs.engines import ENGINES, OnnxEngine, OpenvinoEngine
from feathermr.deploy.graphs.graph import GraphCall
from feathermr.deploy.graphs.onnx_graph import onnx_graph
from feathermr.deploy.graphs.quantise import outermost
from feathermr.deploy.graphs.signature import Signature
from feathermr.deploy.graphs.trace import calls_of, graph_modules, uses_of
from feathermr.deploy.runtime import accelerate
from feathermr.recon import make_method
from feathermr.sampling import Undersampling

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")


class Mixer(nn.Module):
    """A film's frames, each plus the mean of all; arguments of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, image, frames: int, flag: bool = False, other=None):
        film = self.layer(image).unflatten(0, (-1, frames))
        mixed = (film + film.mean(1, keepdim=True)).flatten(0, 1)
        return (-mixed if flag else mixed), None


class Outer(nn.Module):
    """Complex outside, real inside."""

    def __init__(self) -> None:
        super().__init__()
        self.mixer = Mixer()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, image, flag: bool = False):
        parts = torch.cat([image.real, image.imag], 1)
        return self.mixer(parts, frames=len(image), flag=flag)[0] * self.scale


def complex_images(count: int, height: int, width: int):
    return laws.random_array((count, 1, height, width), "runtime", dtype=torch.complex64)


def example() -> tuple[Outer, list]:
    network = Outer().eval().requires_grad_(False)
    small, large = complex_images(3, 8, 6), complex_images(4, 11, 9)

    def run(image):
        return lambda: (network(image), network(image, flag=True))

    return network, uses_of(network, run(small), run(large), run(small))


def test_arguments_become_inputs_films_and_constants():
    network, uses = example()
    assert [use.signature for use in uses] == [
        Signature("mixer", ("image",), ("frames",), constants, (True, False), True)
        for constants in ({"flag": False, "other": None}, {"flag": True, "other": None})
    ]
    image = complex_images(3, 8, 6)
    assert graph_modules(network, lambda: network(image)) == ["mixer"]
    assert [call.inside for call in calls_of(network, lambda: network(image))] == [("mixer",), ()]


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_graph_takes_any_size_and_several_films_one_by_one(runtime):
    network, uses = example()
    module = network.mixer
    graphs = [
        (use.signature, ENGINES[runtime]([onnx_graph(module, use)], "fp32", 1)) for use in uses
    ]
    call = GraphCall(module, graphs)
    image = laws.random_array((10, 2, 7, 5), "films", dtype=torch.float32)
    for flag in (False, True):
        expected, nothing = module(image, 5, flag)
        found, there = call((image, 5), {"flag": flag})
        assert nothing is None
        assert there is None
        laws.assert_equal(found, expected, 1e-5)
    with pytest.raises(DataError, match="not exported for such a use of 'mixer'"):
        call((image, 5), {"other": image})


@pytest.mark.parametrize("engine", [OnnxEngine, OpenvinoEngine])
def test_answers_stay_when_the_next_ones_come(engine):
    network, uses = example()
    run = engine([onnx_graph(network.mixer, uses[0])], "fp32", 1)
    first, second = (laws.random_array((3, 2, 8, 6), key, dtype=torch.float32) for key in "ab")
    (answer,) = run([first])
    kept = answer.clone()
    run([second])
    assert torch.equal(answer, kept)
    with pytest.raises(DataError, match="cannot read the graph"):
        engine([b"no graph"], "fp32", 1)
    with pytest.raises(DataError, match="cannot run the graph"):
        run([first[:, :1]])


def test_first_and_last_layers_are_found_whatever_lies_between():
    helper = onnx.helper
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "head"),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Conv", ["b", "w"], ["c"], "middle"),
        helper.make_node("Add", ["c", "b"], ["d"], "sum"),
        helper.make_node("Conv", ["d", "w"], ["e"], "tail"),
        helper.make_node("Add", ["e", "x"], ["y"], "skip"),
    ]
    kind = onnx.TensorProto.FLOAT
    ends = [[helper.make_tensor_value_info(name, kind, None)] for name in "xy"]
    assert outermost(helper.make_graph(nodes, "g", *ends)) == ["head", "tail"]


@pytest.mark.parametrize(
    ("runtime", "precision", "tolerance"),
    [("torch", "bf16", 0.02), ("onnx", "fp32", 1e-4), ("openvino", "bf16", 0.02)],
)
def test_a_learned_method_gives_the_same_image_elsewhere(runtime, precision, tolerance):
    scan = Undersampling(4)(simulate("brain", shape=(58, 50), coils=3).without_coil_maps())
    method = make_method("kronecker-cascade")
    made = accelerate(method, runtime, precision=precision)(scan)
    plain = method(scan)
    laws.assert_equal(made.image, plain.image, tolerance)
    assert made.provenance.weights == plain.provenance.weights
    assert made.provenance.settings["runtime"] == runtime
    assert f"ran in {runtime}, {precision}" in made.provenance.notes[-1]


def test_films_and_finer_images_go_elsewhere_too():
    film = simulate("heart", frames=9, shape=(40, 36), coils=2).without_coil_maps()
    scan = Undersampling(4)(film)
    method = make_method("kronecker-cine", {"window": 9})
    laws.assert_equal(accelerate(method, "openvino")(scan).image, method(scan).image, 1e-4)
    still = simulate("brain", shape=(40, 36))
    finer = make_method("chpnet", task="super-resolution")
    laws.assert_equal(accelerate(finer, "onnx")(still).image, finer(still).image, 1e-4)


def test_only_learned_methods_have_a_runtime():
    with pytest.raises(UsageError, match="TotalVariation has no network that onnx could execute"):
        accelerate(make_method("tv"), "onnx")


def test_a_missing_extra_is_one_sentence_with_the_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'feathermr\[deploy\]'"):
        OpenvinoEngine([b""], "fp32")
    with pytest.raises(MissingExtraError):
        accelerate(make_method("kronecker-cascade"), "openvino")
    assert main(["export", "kronecker-cascade", "-o", str(tmp_path / "package")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pip install 'feathermr[deploy]'" in error
    assert not list(tmp_path.iterdir())


def test_commands_export_and_reconstruct_by_the_package(tmp_path, capsys, monkeypatch):
    shrink(monkeypatch)
    folder, scans = tmp_path / "package", tmp_path / "scans"
    assert main(["export", "kronecker-unet", "--format", "onnx", "-o", str(folder)]) == 0
    assert "dB on average" in capsys.readouterr().out
    simulated = ["simulate", "brain", "--size", "48", "40", "--coils", "2", "--out", str(scans)]
    assert main(simulated) == 0
    (scan,) = scans.glob("*.h5")
    common = ["reconstruct", str(scan), "--acceleration", "3", "--out", str(tmp_path / "out")]
    assert main([*common, "-m", str(folder)]) == 0
    assert main([*common, "-m", "kronecker-unet", "--runtime", "openvino"]) == 0
    capsys.readouterr()
    assert main([*common, "-m", str(folder), "--runtime", "openvino"]) == 2
    assert "was exported for onnx, not for openvino" in capsys.readouterr().err
    assert main([*common, "-m", "tv", "--runtime", "onnx"]) == 2
    assert main([*common, "-m", "kronecker-unet", "--precision", "bf16"]) == 2
    assert "--precision is of another runtime" in capsys.readouterr().err
