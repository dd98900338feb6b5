"""A worker process: takes a job at a time from its server and sends the images back.

    python -m feathermr.deploy.server.worker SOCKET MEMORY THREADS

The two numbers are descriptors that the server opened. It ends when the server closes the socket.
"""

from __future__ import annotations

import signal
import socket
import sys

import torch

from feathermr.deploy.server.engine import Engine
from feathermr.deploy.server.jobs import PREFIX, SharedMemory, answer_to_line, job_from_line

#: sent once, when all is imported
READY = b"ready"


def serve(connection: socket.socket, memory: SharedMemory) -> None:
    """Answer jobs until the server closes the socket."""
    engine = Engine()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(READY)
        while prefix := lines.read(PREFIX):
            job = job_from_line(lines.read(int.from_bytes(prefix, "little")), memory)
            answer = engine(job)
            connection.sendall(answer_to_line(answer, memory))
            del job, answer


def main(arguments: list[str]) -> None:
    """Serve on the descriptors that are given."""
    descriptor, memory, threads = (int(word) for word in arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server says when to stop
    torch.set_num_threads(threads)
    serve(socket.socket(fileno=descriptor), SharedMemory(memory))


if __name__ == "__main__":
    main(sys.argv[1:])
