"""Which tools are there."""

from importlib.util import find_spec
from pathlib import Path

from classical_bart import Bart
from classical_ours import FeatherMR
from classical_tool import Tool

if find_spec("sigpy") is not None:
    from classical_sigpy import SigPy
else:
    SigPy = None


def python_tool(name: str) -> Tool:
    """FeatherMR or SigPy."""
    return FeatherMR() if name == FeatherMR.name else SigPy()


def available_tools(scratch: Path) -> tuple[list[Tool], dict[str, str]]:
    """Those that can run, FeatherMR first, and why the others cannot."""
    tools: list[Tool] = [FeatherMR()]
    missing: dict[str, str] = {}
    if SigPy is not None:
        tools.append(SigPy())
    else:
        missing["SigPy"] = "not installed (pip install sigpy)"
    try:
        tools.append(Bart(scratch))
    except FileNotFoundError:
        missing["BART"] = "not installed (on Debian and Ubuntu: apt install bart)"
    return tools, missing
