"""Kronecker layers in place of a network's own."""

import difflib
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from feathermr.core.errors import UsageError
from feathermr.core.seeding import seeded
from feathermr.nn.kronecker import KroneckerLayer
from feathermr.nn.kronecker_attention import (
    PROJECTIONS,
    KroneckerProjections,
    parametrize_projection,
)
from feathermr.nn.kronecker_pairs import PAIRS, copied, has_hooks, kronecker_like
from feathermr.nn.kronecker_report import Conversion, Left, Replaced
from feathermr.nn.kronecker_weight import nearest_kronecker_sum

#: classes that are replaced, and no subclasses of them
KNOWN = (*PAIRS, nn.MultiheadAttention)
NO_FORM = "no Kronecker form"
Skip = str | Collection[str] | Callable[[str, nn.Module], bool]


def kroneckerize(
    model: nn.Module,
    n: int,
    *,
    skip: Skip = (),
    terms: int | None = None,
    from_dense: bool = False,
    seed: int = 0,
) -> tuple[nn.Module, Conversion]:
    """A copy of a network with Kronecker layers, and a report of what was replaced.

    Linear layers, convolutions, transposed convolutions and the projections of
    ``nn.MultiheadAttention`` are replaced where ``n`` divides their channels and they become
    smaller. Everything else stays: subclasses of these layers, which may do something else; layers
    with hooks or parametrizations, and weights that belong to several modules; the report names
    each with the reason. A layer in several places stays one layer. Devices, types, training
    mode, ``requires_grad`` and biases are kept.

    Args:
        model: any network; it is left as it is.
        n: components; 2 keeps about half of the parameters, 4 a quarter.
        skip: names, or patterns such as ``"decoder.*.out"``, of modules to leave with all that is
            in them; or a function of (name, module) that is true for those.
        terms: Kronecker products in each sum; ``n`` unless told.
        from_dense: start from the model's weights by the nearest Kronecker sums, for a trained
            model. Otherwise weights are drawn at random, with the mean square of the model's.
        seed: of the random draws; torch's global random state is left alone.

    Raises:
        UsageError: ``n`` or ``terms`` below 1, or a name in ``skip`` that is not in the model.

    Example:
        >>> small, report = kroneckerize(nn.Sequential(nn.Conv2d(2, 64, 3), nn.Linear(64, 64)), 4)
        >>> small
        Sequential(
          (0): Conv2d(2, 64, kernel_size=(3, 3), stride=(1, 1))
          (1): KroneckerLinear(64, 64, n=4)
        )
        >>> print(report)
        Kronecker layers with n = 4: 5,376 -> 2,368 parameters (44.0%)
        replaced: 1
          1  Linear: 4,160 -> 1,152
        left: 1
          4 does not divide 2 -> 64 channels (1,216 parameters): 0
    """
    terms = n if terms is None else terms
    if n < 1 or terms < 1:
        raise UsageError(f"n and terms are at least 1, not n = {n} and terms = {terms}")
    duplicate = copied(model)
    work = _Work(duplicate, n, terms, from_dense, _skipped(duplicate, skip))
    with seeded(seed, "kroneckerize", n, terms):
        converted = work.convert("", duplicate)
    sizes = _parameters(model), _parameters(converted)
    return converted, Conversion(n, tuple(work.replaced), tuple(work.left), *sizes)


class _Work:
    """One conversion, in place on ``root``."""

    def __init__(
        self, root: nn.Module, n: int, terms: int, from_dense: bool, skipped: set[object]
    ) -> None:
        self.n, self.terms, self.from_dense, self.skipped = n, terms, from_dense, skipped
        self.replaced: list[Replaced] = []
        self.left: list[Left] = []
        self.done: dict[nn.Module, nn.Module] = {}
        self.owners: dict[int, list[str]] = {}
        for name, module in root.named_modules():
            for key, parameter in module._parameters.items():
                if parameter is not None:
                    self.owners.setdefault(id(parameter), []).append(_joined(name, key))

    def convert(self, name: str, module: nn.Module) -> nn.Module:
        """What stands for ``module``: a Kronecker layer, or itself with its children converted."""
        if module in self.done:
            return self.done[module]
        self.done[module] = module
        reason = self.reason(module)
        if type(module) is nn.MultiheadAttention:
            self.attention(name, module, reason)
        elif reason is None:
            self.done[module] = self.layer(name, module)
        else:
            self.leave(name, module, reason)
            for key, child in list(module._modules.items()):
                if child is not None:
                    module._modules[key] = self.convert(_joined(name, key), child)
        return self.done[module]

    def leave(self, name: str, module: nn.Module, reason: str) -> None:
        """Note a module that stays, if it has parameters of its own."""
        own = [each for each in module._parameters.values() if each is not None]
        if own:
            sizes = [each.numel() for each in own if not is_lazy(each)]
            self.left.append(Left(name, type(module).__name__, sum(sizes), reason))

    def reason(self, module: nn.Module, known: Collection[type] = KNOWN) -> str | None:
        """Why a module stays as it is; None if it can be replaced."""
        if module in self.skipped:
            return "skipped as asked"
        if type(module) not in known:
            return _foreign(module)
        if has_hooks(module) or "forward" in vars(module):
            return "hooks, or a forward of its own, use its parameters"
        if isinstance(module, nn.MultiheadAttention):
            return None
        weight = module.weight
        assert isinstance(weight, Tensor)
        return self.weight_reason(weight, _channels(module))

    def weight_reason(self, weight: Tensor, channels: tuple[int, int]) -> str | None:
        """Why a weight with (input, output) channels in a group stays as it is."""
        if not weight.dtype.is_floating_point:
            return f"its type is {weight.dtype}"
        if len(owners := self.owners.get(id(weight), [])) > 1:
            return f"one parameter is {' and '.join(owners)}"
        if any(each % self.n for each in channels):
            return f"{self.n} does not divide {channels[0]} -> {channels[1]} channels"
        if self.terms * (self.n**2 + weight.numel() // self.n**2) >= weight.numel():
            return f"it would not become smaller with n = {self.n} and terms = {self.terms}"
        return None

    def layer(self, name: str, layer: nn.Module) -> KroneckerLayer:
        """The Kronecker layer for ``layer``, noted."""
        made = kronecker_like(layer, self.n, self.terms)
        assert isinstance(layer.weight, Tensor)
        error = self.start(made, layer.weight)
        made.algebra.requires_grad_(layer.weight.requires_grad)
        made.factors.requires_grad_(layer.weight.requires_grad)
        if isinstance(layer.bias, nn.Parameter):
            made.bias = layer.bias
        kind = type(layer).__name__ if type(layer) in PAIRS else "Linear"
        sizes = _parameters(layer), _parameters(made)
        self.replaced.append(Replaced(name, kind, *sizes, error))
        return made

    @torch.no_grad()
    def start(self, made: KroneckerLayer, weight: Tensor) -> float | None:
        """Give ``made`` its first parameters; what the nearest sums leave, if it has these."""
        if weight.is_meta:
            return None
        if not self.from_dense:
            made.draw_factors(float(weight.double().square().mean()))
            return None
        found = nearest_kronecker_sum(weight, self.n, self.terms, made.groups, made.transposed)
        made.algebra.copy_(found.algebra)
        made.factors.copy_(found.factors)
        return found.error

    def attention(self, name: str, module: nn.MultiheadAttention, reason: str | None) -> None:
        """Replace the projections of a multi-head attention, each where it can be."""
        if reason is not None:
            self.leave(name, module, reason)
            self.leave(_joined(name, "out_proj"), module.out_proj, reason)
            return
        kind, rest = "MultiheadAttention", 0
        for key, parameter in list(module._parameters.items()):
            if parameter is None or key not in PROJECTIONS:
                rest += 0 if parameter is None else parameter.numel()
                continue
            full, size = _joined(name, key), parameter.numel()
            channels = (parameter.shape[1], module.embed_dim)
            skipped = "skipped as asked" if (module, key) in self.skipped else None
            if why := skipped or self.weight_reason(parameter, channels):
                self.left.append(Left(full, kind, size, why))
                continue
            matrices = len(parameter) // module.embed_dim
            form = KroneckerProjections(matrices, self.n, self.terms, self.from_dense)
            after = parametrize_projection(module, key, form)
            self.replaced.append(Replaced(full, kind, size, after, form.error))
        if rest:
            self.left.append(Left(name, kind, rest, NO_FORM))
        self.done[module.out_proj] = output = module.out_proj
        full = _joined(name, "out_proj")
        if why := self.reason(output, (NonDynamicallyQuantizableLinear,)):
            self.leave(full, output, why)
        else:
            module._modules["out_proj"] = self.done[output] = self.layer(full, output)


def _foreign(module: nn.Module) -> str:
    """Why a module of an unknown class stays."""
    if isinstance(module, KroneckerLayer):
        return "a Kronecker layer already"
    if isinstance(module, LazyModuleMixin):
        return "its sizes are unknown before its first use"
    if parametrize.is_parametrized(module):
        return "its parameters are parametrized"
    for kind in KNOWN:
        if isinstance(module, kind):
            return f"a subclass of {kind.__name__}, which may do something else"
    return NO_FORM


def _channels(layer: nn.Module) -> tuple[int, int]:
    """Input and output channels in a group."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    groups = cast(int, layer.groups)
    return cast(int, layer.in_channels) // groups, cast(int, layer.out_channels) // groups


def _skipped(root: nn.Module, skip: Skip) -> set[object]:
    """The modules to leave, under any of their names, and (attention, projection).

    Raises:
        UsageError: a name or pattern that fits nothing.
    """
    named: list[tuple[str, nn.Module, object]] = []
    for name, module in root.named_modules(remove_duplicate=False):
        named.append((name, module, module))
        if isinstance(module, nn.MultiheadAttention):
            named += [(_joined(name, key), module, (module, key)) for key in PROJECTIONS]
    if callable(skip):
        chosen = [what for name, module, what in named if skip(name, module)]
    else:
        patterns = [skip] if isinstance(skip, str) else list(skip)
        names = [name for name, _, _ in named]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                near = difflib.get_close_matches(pattern, names, n=1)
                hint = f"did you mean '{near[0]}'?" if near else "see named_modules()"
                raise UsageError(f"skip: the model has no module '{pattern}'; {hint}")
        chosen = [what for name, _, what in named if any(fnmatchcase(name, p) for p in patterns)]
    inside = [each for what in chosen if isinstance(what, nn.Module) for each in what.modules()]
    return {*chosen, *inside}


def _parameters(model: nn.Module) -> int:
    """Parameters of a model, each once; those of lazy layers are not known yet and count 0."""
    return sum(each.numel() for each in model.parameters() if not is_lazy(each))


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
