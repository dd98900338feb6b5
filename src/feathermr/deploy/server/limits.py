"""What a client may ask of the server at most: lengths, memory, time."""

from dataclasses import dataclass, fields

from feathermr.core.errors import UsageError

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """Every length that a client names is held against these before anything is allocated.

    Attributes:
        text: bytes of an XML header, a configuration or a text.
        message: bytes of the samples of one readout, waveform or image.
        coils: of a readout.
        matrix: samples along each side of the encoded matrix.
        session: bytes of k-space that one session may hold.
        total: bytes of k-space that all sessions may hold together.
        outgoing: bytes of images that wait for a client that does not read.
        sessions: clients at once.
        pending: reconstructions that a session may have in work before its readouts must wait.
        idle: seconds without a message after which a session ends.
        stalled: seconds that one message may take from its first byte to its last.
        sending: seconds that a client may leave its images unread when `outgoing` is full.
        working: seconds that one reconstruction may take.
        waiting: seconds that a reconstruction may wait for a worker, or k-space for memory.
        grace: seconds that open sessions get when the server is told to stop.
    """

    text: int = 4 * MEGABYTE
    message: int = 16 * MEGABYTE
    coils: int = 256
    matrix: int = 4096
    session: int = 1024 * MEGABYTE
    total: int = 4096 * MEGABYTE
    outgoing: int = 256 * MEGABYTE
    sessions: int = 32
    pending: int = 4
    idle: float = 300.0
    stalled: float = 30.0
    sending: float = 60.0
    working: float = 600.0
    waiting: float = 600.0
    grace: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise UsageError(
                    f"the limit '{field.name}' must be positive, not {getattr(self, field.name)}"
                )
