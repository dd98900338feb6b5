"""``feathermr COMMAND``: find the command, run it, turn an error into one line and an exit code.

Nothing heavy is imported here or at the head of a command's file: commands reach the package
through its lazy names (``feathermr.load``), so that ``--help`` is instant.
"""

from __future__ import annotations

import argparse
import io
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NoReturn

import feathermr
from feathermr.cli import (
    demo,
    doctor,
    evaluate,
    export,
    methods,
    query,
    reconstruct,
    reconstruct_many,
    send,
    serve,
    simulate,
    train,
)
from feathermr.core.errors import FeatherError, described

COMMANDS: Mapping[str, ModuleType] = {
    "demo": demo,
    "reconstruct": reconstruct,
    "reconstruct-many": reconstruct_many,
    "query": query,
    "simulate": simulate,
    "evaluate": evaluate,
    "train": train,
    "export": export,
    "serve": serve,
    "send": send,
    "methods": methods,
    "doctor": doctor,
}


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help lists all arguments\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
        prog="feathermr", description="Reconstruct accelerated MRI, from raw k-space to a report."
    )
    parser.add_argument("--version", action="version", version=f"feathermr {feathermr.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
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
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without arrows shows ? for them
        sys.stdout.reconfigure(errors="replace")
    try:
        options.run(options)
    except FeatherError as error:
        return _say(options, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say(options, "interrupted; files already written are complete", 1)
    except Exception as error:
        return _say(options, described(error, "run with --debug to see where"), 1)
    return 0


def _say(options: argparse.Namespace, sentence: str, code: int) -> int:
    if options.debug:
        traceback.print_exc()
    sys.stderr.write(f"feathermr {options.command}: {' '.join(sentence.split())}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
