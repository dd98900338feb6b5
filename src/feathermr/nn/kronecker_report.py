"""What a conversion to Kronecker layers did."""

from dataclasses import dataclass

#: so many names of what was left are written for each reason
LISTED = 6


@dataclass(frozen=True)
class Replaced:
    """A weight that became a sum of Kronecker products.

    Attributes:
        name: in the model; empty for the model itself.
        kind: class of the layer it was.
        before: parameters of the layer.
        after: parameters of the Kronecker layer.
        error: what the nearest Kronecker sum leaves of the old weight, as a fraction of its
            Frobenius norm; None when the new one was drawn at random.
    """

    name: str
    kind: str
    before: int
    after: int
    error: float | None = None


@dataclass(frozen=True)
class Left:
    """A module with parameters of its own that stayed as it is.

    Attributes:
        name: in the model; empty for the model itself.
        kind: its class.
        parameters: how many it has itself.
        reason: why it stayed.
    """

    name: str
    kind: str
    parameters: int
    reason: str


@dataclass(frozen=True)
class Conversion:
    """What ``kroneckerize`` did; ``str`` of it is for people.

    Attributes:
        n: components.
        replaced: weights that became Kronecker sums.
        left: modules with parameters that stayed.
        before: parameters of the model, each counted once.
        after: of the copy.
    """

    n: int
    replaced: tuple[Replaced, ...]
    left: tuple[Left, ...]
    before: int
    after: int

    def __str__(self) -> str:
        share = f" ({self.after / self.before:.1%})" if self.before else ""
        lines = [
            f"Kronecker layers with n = {self.n}: {self.before:,} -> {self.after:,} parameters"
            f"{share}"
        ]
        lines += [f"replaced: {len(self.replaced)}"]
        width = max((len(_shown(each.name)) for each in self.replaced), default=0)
        for each in self.replaced:
            error = "" if each.error is None else f", error {each.error:.3g}"
            lines.append(
                f"  {_shown(each.name):{width}}  {each.kind}: {each.before:,} -> {each.after:,}"
                f"{error}"
            )
        lines += [f"left: {len(self.left)}"]
        for reason in dict.fromkeys(each.reason for each in self.left):
            same = [each for each in self.left if each.reason == reason]
            names = [_shown(each.name) for each in same[:LISTED]]
            more = f" and {len(same) - LISTED} more" if len(same) > LISTED else ""
            count = sum(each.parameters for each in same)
            lines.append(f"  {reason} ({count:,} parameters): {', '.join(names)}{more}")
        return "\n".join(lines)


def _shown(name: str) -> str:
    return name or "the model itself"
