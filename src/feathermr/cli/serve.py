"""Reconstruct what a scanner streams, as it streams: a server of the ISMRMRD protocol.

Clients name a method as their configuration; one that is not offered is answered with the list.
Listens on the loopback only, unless told otherwise: the protocol has no encryption and no
passwords. The images are not for diagnosis.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys

import feathermr
from feathermr.cli.options import count, names, positive, seed
from feathermr.cli.terminal import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr serve``."""
    parser.add_argument(
        "-m",
        "--method",
        default="auto",
        help="of clients that name none: a method, the folder of a training run or of an "
        "exported package, or auto, which takes what suits the scan (default: auto)",
    )
    parser.add_argument(
        "--allow", type=names, metavar="NAMES", help="methods that clients may name (default: all)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address (default: 127.0.0.1)")
    parser.add_argument("--port", type=seed, default=9002, help="default: 9002; 0 for a free one")
    parser.add_argument(
        "--health-port",
        type=seed,
        default=9003,
        metavar="PORT",
        help="of /healthz and /metrics, on the loopback (default: 9003)",
    )
    parser.add_argument(
        "--complex", action="store_true", help="send complex images, not magnitudes"
    )
    parser.add_argument("--runtime", help="openvino, onnx or torch (default: torch as it is)")
    parser.add_argument(
        "--precision", help="of the runtime: fp32, bf16 or int8 (default: fp32)", default="fp32"
    )
    _add_work(parser)
    _add_limits(parser)


def _add_work(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("workers")
    group.add_argument("--workers", type=count, default=2, help="processes (default: 2)")
    group.add_argument("--threads", type=count, help="of each worker (default: cores over workers)")
    group = parser.add_argument_group("films, by methods that take frames together")
    group.add_argument("--window", type=count, default=40, metavar="N", help="frames (default: 40)")
    group.add_argument(
        "--margin",
        type=seed,
        default=4,
        metavar="N",
        help="frames at a window's end that the next one gives (default: 4)",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    group.add_argument("--sessions", type=count, default=32, help="clients at once (default: 32)")
    group.add_argument(
        "--session-memory",
        type=count,
        default=1024,
        metavar="MB",
        help="of k-space (default: 1024)",
    )
    group.add_argument(
        "--total-memory", type=count, default=4096, metavar="MB", help="of k-space (default: 4096)"
    )
    group.add_argument(
        "--idle", type=positive, default=300.0, metavar="S", help="without a message (default: 300)"
    )
    group.add_argument(
        "--grace",
        type=positive,
        default=30.0,
        metavar="S",
        help="to end when stopped (default: 30)",
    )


def run(options: argparse.Namespace) -> None:
    """Serve until told to stop."""
    server = feathermr.server
    megabyte = 2**20
    limits = server.Limits(
        sessions=options.sessions,
        session=options.session_memory * megabyte,
        total=options.total_memory * megabyte,
        idle=options.idle,
        grace=options.grace,
    )
    allowed = {} if options.allow is None else {"allowed": options.allow}
    offer = server.Offer(
        default=options.method,
        window=server.Window(options.window, options.margin),
        complex_images=options.complex,
        runtime=options.runtime or "",
        precision=options.precision,
        **allowed,
    )
    threads = options.threads or max(1, (os.cpu_count() or 1) // options.workers)
    config = server.ServerConfig(
        options.host, options.port, options.health_port, options.workers, threads, offer, limits
    )

    def listening(port: int, health: int) -> None:
        say(f"serving {options.method} at {options.host}:{port}, http://127.0.0.1:{health}/metrics")

    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    server.serve(config, listening)
