"""The comparison of variants: recipes that build, a score with a closed form, a table that fits."""

import importlib
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from feathermr.models.cascade import CascadeConfig
from feathermr.models.table import build

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_every_variant_is_a_recipe_that_differs_where_it_says():
    plan = importlib.import_module("cascade_variants_plan")
    base = plan.recipe_of(plan.VARIANTS["base"], 20, 5)
    for name, variant in plan.VARIANTS.items():
        recipe = plan.recipe_of(variant, 20, 5)
        assert recipe.data == base.data
        assert recipe.data.cache.first == 5
        assert set(recipe.settings) <= {field.name for field in fields(CascadeConfig)}
        changed = recipe.settings != base.settings or recipe.optimiser != base.optimiser
        assert changed == bool(variant.changes)
        assert changed or name == "base" or variant.first or variant.like or not variant.real
        assert not variant.like or variant.like in plan.VARIANTS


def test_dense_layers_have_about_as_many_parameters():
    plan = importlib.import_module("cascade_variants_plan")
    sizes = []
    for name in ("base", "dense"):
        recipe = plan.recipe_of(plan.VARIANTS[name], 20, 5)
        network = build(recipe.model, recipe.settings)
        sizes.append(sum(one.numel() for one in network.parameters()))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.2)


def test_the_score_counts_the_object_alone_and_any_factor():
    scans = importlib.import_module("cascade_variants_scans")
    truth = torch.zeros(40, 40)
    truth[10:30, 8:28] = 2.0
    truth[18:22, 16:20] = 0.0  # a hole counts as object
    area = scans.inside(truth)
    assert int(area.sum()) == 400
    wrong = truth.clone()
    wrong[18:22, 16:20] = 1.0
    # of n pixels with 2, k with 1 that should be 0: s = 4 n / (4 n + k)
    n, k = 400 - 16, 16
    factor = 4 * n / (4 * n + k)
    mean = (n * (2 * factor - 2) ** 2 + k * factor**2) / (n + k)
    expected = 10 * math.log10(4 / mean)
    noisy = 3 * wrong
    noisy[~area] = 5.0
    assert scans.object_psnr(noisy, truth) == pytest.approx(expected, rel=1e-6)


def test_complete_scans_are_undersampled_by_the_number_of_coils(tmp_path):
    scans = importlib.import_module("cascade_variants_scans")
    values = np.random.default_rng(0).standard_normal((2, 48, 52))
    image = (values[0] + 1j * values[1]).astype(np.complex64)
    np.save(tmp_path / "body.npy", image)
    found = list(scans.complete_scans([tmp_path / "body.npy"]))
    assert [scan.name for scan in found] == ["body 3x", "body 5x"]
    assert torch.allclose(found[0].truth, torch.from_numpy(image).abs(), atol=1e-5)
    measured = found[0].given.mask.float().mean()
    assert float(measured) == pytest.approx(1 / 3, abs=0.03)


def test_the_table_has_a_row_each_and_weighs_the_columns_alike(tmp_path):
    page = importlib.import_module("cascade_variants_page")
    groups = {"a 3x": "one", "b 3x": "one", "c 4x": "two"}
    numbers = {"a 3x": 20, "b 3x": 30, "c 4x": 31}
    scores = {name: {"psnr": psnr, "seconds": 0.5} for name, psnr in numbers.items()}
    one = {"title": "t", "changes": "", "parameters": 1000, "steps": 7, "seconds": 9.0}
    record = {
        "seed": 0, "seconds": 10, "examples": 3, "groups": groups, "tv": scores,
        "variants": {"base": {**one, "scores": scores}},
        "environment": {"Commit": "c", "Processor": "p", "PyTorch": "2", "Written": "now"},
    }  # fmt: skip
    file = tmp_path / "page.md"
    file.write_text(f"before\n{page.BEGIN}old\n{page.END}after\n")
    for _ in range(2):
        page.update(file, record)
    text = file.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| t | 1,000 | 7 | 25.00 | 31.00 | 28.00 | 0.50 |" in text
