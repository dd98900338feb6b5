"""Errors that say what was expected, what came, and what to do."""


class FeatherError(Exception):
    """Base of every error this package raises on purpose; one clear sentence, no traceback."""

    exit_code = 1


class DataError(FeatherError):
    """A file or an array is not what it has to be: broken, empty, foreign, or of a wrong shape."""


class ShapeError(DataError):
    """An array's axes do not fit where it was put."""


class UsageError(FeatherError):
    """The caller asked for something that does not exist: an unknown name, a value out of range."""

    exit_code = 2


class MissingExtraError(FeatherError):
    """An optional dependency is not installed; the message holds the command that installs it."""
