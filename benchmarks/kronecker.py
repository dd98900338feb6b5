"""What Kronecker layers cost: the Kronecker U-Net beside its dense twin and its folded form.

    python benchmarks/kronecker.py                  # measure, store, write the section
    python benchmarks/kronecker.py --device cuda    # on a GPU; stored beside the other
    python benchmarks/kronecker.py --quick          # small images, few rounds; print only
    python benchmarks/kronecker.py --page           # write the section again from what is stored

Contestants take turns in every round, in an order that rotates; a ratio is the median of the
ratios of the rounds.
"""

import argparse
import copy
import gc
import json
import sys
import time
from pathlib import Path

import torch
from kronecker_page import section
from torch import nn
from torch.nn.functional import conv2d

from feathermr.core.environment import cuda_name, environment
from feathermr.core.seeding import generator, seeded
from feathermr.models import build
from feathermr.nn import KroneckerConv2d, KroneckerLayer, fold
from feathermr.nn.cost import multiply_adds, parameter_count
from feathermr.nn.memory import peak_bytes

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "kronecker-speed.json"
PAGE = ROOT / "docs" / "kronecker.md"
BEGIN, END = "<!-- speed: written by make bench-kronecker -->", "<!-- end of speed -->"
NETWORK = "kronecker-unet"
#: of the layers by themselves: so few pixels that building the weight is what costs
SMALL = 8


class ByDefinition(nn.Module):
    """A Kronecker convolution whose weight is the sum of ``torch.kron`` at every forward."""

    def __init__(self, layer: KroneckerConv2d) -> None:
        super().__init__()
        self.layer = layer

    def weight(self):
        products = [
            torch.kron(a[:, :, None, None], s)
            for a, s in zip(self.layer.algebra, self.layer.factors, strict=True)
        ]
        return torch.stack(products).sum(0)

    def forward(self, image):
        layer = self.layer
        return conv2d(image, self.weight(), layer.bias, layer.stride, layer.padding)


def by_definition(model: nn.Module) -> nn.Module:
    """A copy in which every Kronecker convolution is built by ``torch.kron``."""
    model = copy.deepcopy(model)
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, KroneckerConv2d):
                setattr(module, name, ByDefinition(child))
    return model


def contestants(device):
    """The networks, image to image, without the consistency step that they share."""
    with seeded(0, "benchmark"):
        light = build(NETWORK).network.to(device)
        dense = build(NETWORK, {"kronecker": 1}).network.to(device)
    return {
        "dense": dense,
        "kronecker": light,
        "folded": fold(light),
        "torch.kron": by_definition(light),
    }


def training(model, image):
    """One step of training as a function."""
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    target = torch.zeros_like(image)

    def step():
        optimizer.zero_grad()
        (model(image) - target).abs().mean().backward()
        optimizer.step()

    return step


def inference(model, image):
    """One forward pass as a function."""
    model = copy.deepcopy(model).eval()

    def forward():
        with torch.inference_mode():
            model(image)

    return forward


def layer_stack(model, device, name):
    """Forward of every Kronecker layer of the network, each by itself on a small image."""
    kind = ByDefinition if name == "torch.kron" else KroneckerLayer
    layers = [each for each in model.modules() if isinstance(each, kind)]
    source = generator(0, "layers")
    sizes = [getattr(each, "layer", each).in_channels for each in layers]
    images = [torch.randn(1, size, SMALL, SMALL, generator=source).to(device) for size in sizes]

    def forward():
        for layer, image in zip(layers, images, strict=True):
            layer(image)

    return forward


def weights(model, device, name):
    """The weights of every Kronecker layer, built."""
    if name == "torch.kron":
        layers = [each for each in model.modules() if isinstance(each, ByDefinition)]
        return lambda: [each.weight() for each in layers]
    layers = [each for each in model.modules() if isinstance(each, KroneckerLayer)]
    return lambda: [each.weight for each in layers]


def timed(run, device):
    """Seconds of one call."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def rounds(runs, repeats, device, repeat_each=1):
    """Seconds of every round by contestant, after a round to get warm."""
    names, seconds = list(runs), {name: [] for name in runs}
    gc.collect()
    gc.disable()
    for index in range(repeats + 1):
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            found = sum(timed(runs[name], device) for _ in range(repeat_each)) / repeat_each
            if index:
                seconds[name].append(found)
    gc.enable()
    return seconds


def measure(options):
    """The record of one device."""
    device = torch.device(options.device)
    models = contestants(device)
    image = torch.randn(options.batch, 2, options.size, options.size, generator=generator(0))
    image = image.to(device)
    trained = {name: models[name] for name in ("dense", "kronecker", "torch.kron")}
    kinds = ("kronecker", "torch.kron")
    few = 3 if options.quick else 20
    plans = {
        "training step": ({n: training(m, image) for n, m in trained.items()}, options.rounds, 1),
        "inference": ({n: inference(m, image) for n, m in models.items()}, options.rounds, 1),
        "layers": ({n: layer_stack(models[n], device, n) for n in kinds}, few, 5),
        "weights": ({n: weights(models[n], device, n) for n in kinds}, few, 5),
    }
    times = {}
    for what, (runs, repeats, each) in plans.items():
        print(f"measuring: {what}", file=sys.stderr, flush=True)
        times[what] = rounds(runs, repeats, device, each)
    needs = {name: need(model, image) for name, model in models.items() if name != "torch.kron"}
    return {
        "device": cuda_name() if device.type == "cuda" else "processor",
        "environment": dict(environment()),
        "batch": options.batch,
        "size": options.size,
        "seconds": times,
        "needs": needs,
    }


def need(model, image):
    """Parameters, multiply-adds of an image, bytes at the peak of training and of inference."""
    resident = sum(each.numel() * each.element_size() for each in model.parameters())
    step, forward = training(model, image), inference(model, image)
    step()  # so that Adam's state is there
    return {
        "parameters": parameter_count(model),
        "multiply_adds": multiply_adds(model, image[:1]),
        "training_bytes": 3 * resident + peak_bytes(step, image.device),
        "inference_bytes": resident + peak_bytes(forward, image.device),
    }


def written(page, text):
    """The page with another section between the marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="small, print only")
    parser.add_argument("--page", action="store_true", help="write the section, measure nothing")
    options = parser.parse_args()
    if options.quick:
        options.batch, options.size, options.rounds = 1, 64, 3
    stored = json.loads(STORED.read_text()) if STORED.exists() else []
    if not options.page:
        record = measure(options)
        if options.quick:
            print(section([record]))
            return
        stored = [one for one in stored if one["device"] != record["device"]] + [record]
        STORED.write_text(json.dumps(stored, indent=1) + "\n")
    text = section(stored)
    print(text)
    PAGE.write_text(written(PAGE.read_text(), text))


if __name__ == "__main__":
    main()
