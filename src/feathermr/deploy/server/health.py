"""Two pages for those who watch a server: ``/healthz`` and ``/metrics``, over plain HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

#: bytes that a request may have, and seconds that it may take
LONGEST, SECONDS = 8192, 5.0
#: page -> (status line's end, text)
Page = Callable[[], tuple[str, str]]


async def start_health(pages: dict[str, Page], host: str, port: int) -> asyncio.Server:
    """Serve the pages until the server is closed.

    Args:
        pages: by path; each gives its status and text.
        host: address.
        port: 0 for any that is free.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(request, pages))
                await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, host, port, limit=LONGEST)


def _response(request: bytes, pages: dict[str, Page]) -> bytes:
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
    if method not in (b"GET", b"HEAD"):
        status, text = "405 Method Not Allowed", "only GET\n"
    elif path not in pages:
        status, text = "404 Not Found", f"there are: {', '.join(pages)}\n"
    else:
        status, text = pages[path]()
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == b"HEAD" else body)
