"""``feathermr COMMAND``: find the command, run it, turn an error into one line and an exit code.

Nothing heavy is imported here or at the head of a command's file: commands reach the package
through its lazy names (``feathermr.load``), so that ``--help`` is instant.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import ModuleType

import feathermr
from feathermr.cli import demo, doctor, evaluate, methods, reconstruct, simulate
from feathermr.core.errors import FeatherError

COMMANDS: Mapping[str, ModuleType] = {
    "demo": demo,
    "reconstruct": reconstruct,
    "simulate": simulate,
    "evaluate": evaluate,
    "methods": methods,
    "doctor": doctor,
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="feathermr", description="Reconstruct accelerated MRI, from raw k-space to a report."
    )
    parser.add_argument("--version", action="version", version=f"feathermr {feathermr.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did, 1 when data or run failed, 2 when it was called wrongly."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
    except FeatherError as error:
        return _say(options, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say(options, "interrupted; files already written are complete", 1)
    except OSError as error:
        return _say(options, f"{error.strerror or error}: {error.filename or ''}".strip(": "), 1)
    except MemoryError as error:
        return _say(options, f"not enough memory: {error}; use fewer slices at a time", 1)
    except Exception as error:
        kind = type(error).__name__
        return _say(options, f"unexpected {kind}: {error} (run with --debug to see where)", 1)
    return 0


def _say(options: argparse.Namespace, sentence: str, code: int) -> int:
    if options.debug:
        traceback.print_exc()
    sys.stderr.write(f"feathermr {options.command}: {sentence}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
