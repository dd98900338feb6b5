"""Every network becomes a package that gives the same images, or nothing is written."""

import json
import shutil

import pytest
import torch
from torch import Tensor, nn

import laws
from exporting import shrink
from feathermr.core.errors import DataError, UsageError
from feathermr.deploy.export import Target, export, exportable
from feathermr.deploy.export import export as exporting
from feathermr.deploy.graphs.engines import PRECISIONS
from feathermr.deploy.graphs.graph import put_in
from feathermr.deploy.graphs.make import folded, make_graphs, watched
from feathermr.deploy.graphs.scans import kind_of, used
from feathermr.deploy.runtime import load_package, read_package
from feathermr.models import MODELS, build
from feathermr.models.weights import Trained
from tiny_networks import TINY

pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

#: that the tests of the default tier export; the others are slow
FEW = ("kronecker-cascade", "kronecker-cine", "unet")


def trained(name: str) -> Trained:
    settings = TINY[name]
    return Trained(build(name, settings).eval(), name, {}, "0" * 64, settings)


def names() -> list[object]:
    return [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]


@pytest.fixture(params=names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_graphs_in_place_give_the_image_of_the_network(name: str, runtime: str) -> None:
    source = trained(name)
    network = folded(source)
    example = kind_of(network, source.settings).example(7, (70, 82), 5, slices=3)
    expected = used(network, example)
    graphs = make_graphs(source, network, Target(runtime))
    put_in(network, [made.graph for made in graphs])
    laws.assert_equal(used(network, example), expected, 1e-3)
    for made in graphs:  # the parameters are in the graphs alone
        module = network.get_submodule(made.signature.module)
        assert not list(module.parameters())


def test_no_graph_holds_a_transform_and_none_is_inside_of_another(name: str) -> None:
    source = trained(name)
    network = folded(source)
    uses = watched(network, kind_of(network, source.settings))
    for use in uses:
        assert all(tensor.is_floating_point() for tensor in use.calls[0].tensors)
        assert not {one.signature.module for one in uses} & set(use.calls[0].inside)
    outside = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    held = tuple(f"{use.signature.module}." for use in uses)
    assert all(f"{name}.".startswith(held) for name in outside)


@pytest.mark.parametrize(
    ("runtime", "precision"), [(key, one) for key, those in PRECISIONS.items() for one in those]
)
def test_a_package_reconstructs_as_its_network(
    runtime: str, precision: str, tmp_path, monkeypatch
) -> None:
    if precision == "int8":
        pytest.importorskip("nncf")
    shrink(monkeypatch)
    source = trained("kronecker-cascade")
    folder = tmp_path / "package"
    package = export(source, folder, Target(runtime, precision))
    model = load_package(folder)
    network = folded(source)
    example = kind_of(network, source.settings).example(3, (50, 46))
    tolerance = {"fp32": 1e-4, "bf16": 0.02, "int8": 0.05}[precision]
    laws.assert_equal(used(model, example), used(network, example), tolerance)
    assert (package.runtime, package.precision) == (runtime, precision)
    card = json.loads((folder / "card.json").read_text())
    assert card["accuracy"]["loss_db"] <= 0.1
    assert card["latency"]["exported_seconds"] > 0
    assert card["hashes"] == package.files
    text = (folder / "card.md").read_text()
    assert "Apache-2.0" in text
    assert "not for diagnosis" in text
    assert {path.name for path in folder.iterdir()} == {
        *package.files,
        "package.json",
        "card.json",
        "card.md",
    }


class _Wrong(torch.autograd.Function):
    """The hyperbolic tangent, which becomes a sigmoid when it is exported."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        return values.tanh()

    @staticmethod
    def symbolic(graph: object, values: object) -> object:
        return graph.op("Sigmoid", values)  # type: ignore[attr-defined]


class Saboteur(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        result: Tensor = _Wrong.apply(values)
        return result


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_layer_that_differs_is_named_and_nothing_is_left(runtime: str, tmp_path) -> None:
    source = trained("modl")
    source.network.denoiser.layers[3] = Saboteur()
    with pytest.raises(DataError, match=r"exported 'denoiser' differs.*'denoiser.layers.3'"):
        export(source, tmp_path / "package", Target(runtime))
    assert not list(tmp_path.iterdir())


def test_too_great_a_loss_leaves_the_older_package(tmp_path, monkeypatch) -> None:
    shrink(monkeypatch)
    folder = tmp_path / "package"
    export(trained("modl"), folder, Target("onnx"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setitem(exporting.__globals__["measured"].__globals__["LARGEST_LOSS"], "fp32", -1.0)
    with pytest.raises(DataError, match=r"lose .* dB of PSNR on simulated scans"):
        export(trained("modl"), folder, Target("onnx"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


def test_a_folder_with_something_else_is_left_alone(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="holds something else than a package"):
        export(trained("modl"), tmp_path, Target("onnx"))
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_what_cannot_be_is_refused_with_what_can() -> None:
    with pytest.raises(UsageError, match="onnx computes in fp32 or int8, not in 'bf16'; bf16 is"):
        Target("onnx", "bf16")
    with pytest.raises(UsageError, match="no runtime is called 'openvin'; did you mean"):
        Target("openvin")
    with pytest.raises(UsageError, match="no network is called 'kronecker-cascad'; did you mean"):
        exportable("kronecker-cascad")


def test_a_changed_package_is_not_loaded(tmp_path, monkeypatch) -> None:
    shrink(monkeypatch)
    good = tmp_path / "good"
    export(trained("kronecker-cascade"), good, Target("onnx"))

    def damaged(name: str, change) -> str:
        folder = tmp_path / "bad"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(good, folder)
        content = change((folder / name).read_bytes())
        (folder / name).write_bytes(content)
        with pytest.raises(DataError) as caught:
            load_package(folder)
        return str(caught.value)

    assert "its hash differs" in damaged("graph-0.onnx", lambda data: data[:-9] + b"123456789")
    assert "its hash differs" in damaged("weights.safetensors", lambda data: data[:-4])
    for before, after, sentence in (
        (b"package 1", b"package 7", "its format is"),
        (b'"kronecker-cascade"', b'"os.system"', "no network is called 'os.system'"),
        (b'"refiners.0.unet"', b'"refiners.0.unit"', "does not fit the network"),
        (b"graph-0.onnx", b"../a-0.onnx", "names a file that no package has"),
        (b"{", b"[", "is not what feathermr export writes"),
    ):
        assert sentence in damaged(
            "package.json", lambda data, b=before, a=after: data.replace(b, a)
        )
    assert read_package(good).model == "kronecker-cascade"
    (good / "graph-0.onnx").unlink()
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_package(good)
    with pytest.raises(DataError, match="is no exported package"):
        load_package(tmp_path)
