"""The rules of the source that no other tool holds."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 400, 50, 8
FORBIDDEN_NAMES = {"utils", "util", "helpers", "misc", "common"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "random"}
#: layers that take every argument of the torch layer they stand for
AS_TORCH = {"kronecker_convolution.py", "kronecker_transposed.py"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(SOURCE / "feathermr")))
def path(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def tree(path: Path) -> ast.Module:
    return parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of an attribute chain; what is not a name becomes ``?``."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 50


def test_files_are_short_and_named_after_what_they_hold(path: Path) -> None:
    assert len(path.read_text().splitlines()) < LONGEST_FILE
    assert path.stem not in FORBIDDEN_NAMES
    assert not path.stem.endswith(("_new", "_old", "_v2"))


def test_functions_are_short_with_few_parameters(path: Path, tree: ast.Module) -> None:
    for function in functions(tree):
        assert function.end_lineno is not None
        lines = function.end_lineno - function.lineno + 1
        lines -= len((ast.get_docstring(function, clean=False) or "").splitlines())
        assert lines < LONGEST_FUNCTION, f"{function.name} has {lines} lines"
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        count = len([each for each in named if each.arg not in ("self", "cls")])
        if not (path.name in AS_TORCH and function.name == "__init__"):
            assert count <= MOST_PARAMETERS, f"{function.name} has {count} parameters"
        assert arguments.kwarg is None, f"{function.name} takes **{arguments.kwarg}"


def test_nothing_is_imported_inside_a_function_or_behind_a_flag(
    path: Path, tree: ast.Module
) -> None:
    for function in functions(tree):
        for node in ast.walk(function):
            assert not isinstance(node, ast.Import | ast.ImportFrom), f"in {function.name}"
    if path.name != "__init__.py":  # a package may load its names at their first use
        assert "TYPE_CHECKING" not in {dotted(node).split(".")[-1] for node in ast.walk(tree)}


def test_every_module_says_what_it_is(path: Path, tree: ast.Module) -> None:
    text = ast.get_docstring(tree)
    assert text
    assert text.splitlines()[0].endswith((".", ":", "?"))


def test_every_public_class_and_function_of_a_module_has_a_docstring(tree: ast.Module) -> None:
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_only_one_file_transforms(path: Path, tree: ast.Module) -> None:
    if path.relative_to(SOURCE) == Path("feathermr/core/fft.py"):
        return
    used = {dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {name for name in used if ".fft." in name or name.endswith(("fftshift", "fft2"))}
    for module in imported(tree):
        assert module.startswith("feathermr.") or not module.endswith(".fft"), module


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_nothing_unpickles_or_draws_from_a_global_state(tree: ast.Module) -> None:
    assert not {module.split(".")[0] for module in imported(tree)} & FORBIDDEN_MODULES
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            settings = {each.arg: each.value for each in node.keywords}
            assert name not in ("eval", "exec", "torch.manual_seed", "np.random.seed"), name
            if name == "torch.load":
                safe = settings.get("weights_only")
                assert isinstance(safe, ast.Constant), "torch.load without weights_only=True"
                assert safe.value is True
            if name in ("np.load", "numpy.load"):
                unsafe = settings.get("allow_pickle")
                assert unsafe is None or (
                    isinstance(unsafe, ast.Constant) and unsafe.value is False
                ), "np.load may not unpickle"
