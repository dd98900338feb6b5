"""How many bytes of tensors are alive at once."""

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_bytes(work: Callable[[], object], device: torch.device) -> int:
    """The most bytes of tensors that ``work`` makes and holds at one time.

    What exists before is not counted. On a GPU it is what torch's allocator says. On a processor
    every tensor is counted from the operation that makes it to the moment it is freed; scratch
    space inside of an operation is not seen, and the number is the same at every run.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        torch.cuda.synchronize(device)
        return int(torch.cuda.max_memory_allocated(device)) - int(before)
    alive = _Alive()
    with alive:
        work()
    return alive.peak


@final
class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds the size of each memory block when it appears, takes it off when it is freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        kinds: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        for tensor in _tensors((args, named)):
            self._add(tensor, counts=False)  # unless it was made here, it was there before
        result = function(*args, **named)
        for tensor in _tensors(result):
            self._add(tensor, counts=True)
        return result

    def _add(self, tensor: Tensor, *, counts: bool) -> None:
        block = tensor.untyped_storage()
        key = block._cdata
        if key in self._sizes:
            return
        self._sizes[key] = block.nbytes() if counts else 0
        self.now += self._sizes[key]
        self.peak = max(self.peak, self.now)
        weakref.finalize(block, self._remove, key)

    def _remove(self, key: int) -> None:
        self.now -= self._sizes.pop(key)


def _tensors(tree: object) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor))
