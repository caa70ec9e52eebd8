"""Every exception that goldwork raises.

An error names the value, the place and the mend. Callers branch on the class; people read the message;
the API and the command line carry `code`, which never changes once published.
"""

from __future__ import annotations

from typing import Any, ClassVar


class GoldworkError(Exception):
    """The root: whatever goldwork raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InputError(GoldworkError):
    """What came in from outside cannot be used: a file, a table, an option, a request's body.

    `where` says the place in the reader's own terms, for example ``labels.csv, line 7, column label``.
    """

    code = "bad_input"

    def __init__(self, message: str, *, where: str = "", **details: Any) -> None:
        super().__init__(f"{where}: {message}" if where else message, **details)
        self.where = where


class UnknownNameError(InputError):
    """A registry has no entry of that name; the message lists the names there are."""

    code = "unknown_name"


class MissingExtraError(GoldworkError):
    """An optional dependency is absent; the message is the line that installs it."""

    code = "missing_extra"

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"this needs {module}, which is not installed: pip install 'goldwork[{extra}]'")


class TooLargeError(InputError):
    """What came in is larger than is allowed; the message says the limit."""

    code = "too_large"


class AnswerError(InputError):
    """An answer does not fit its question. The message repeats the answer, of a long one the beginning."""

    code = "bad_answer"
    LONGEST: ClassVar[int] = 500

    def __init__(self, message: str, *, where: str = "", **details: Any) -> None:
        if len(message) > self.LONGEST:
            message = f"{message[: self.LONGEST - 1]}…"
        super().__init__(message, where=where, **details)


class NotFoundError(GoldworkError):
    """Not there, or not yours: the two look the same."""

    code = "not_found"


class UnauthenticatedError(GoldworkError):
    """Nobody is signed in, or the session or token is no longer valid."""

    code = "unauthenticated"


class ForbiddenError(GoldworkError):
    """Signed in, and not allowed to."""

    code = "forbidden"


class ConflictError(GoldworkError):
    """The request is well-formed, and the present state does not admit it. `reason` is machine-readable."""

    code = "conflict"

    def __init__(self, message: str, *, reason: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.reason = reason


class RateLimitedError(GoldworkError):
    """Too many attempts; `seconds` says how long to wait."""

    code = "rate_limited"

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message, seconds=seconds)
        self.seconds = seconds


class CorruptStoreError(GoldworkError):
    """The database breaks one of its own invariants, or was written by a newer goldwork."""

    code = "corrupt_store"
