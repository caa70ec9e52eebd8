"""How a command that serves comes to its end: whatever asks it to, everything is closed in order."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

ENDINGS = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__]
"""What asks a process to end. Windows has no SIGHUP."""


def run_to_the_end(act: Callable[[contextlib.ExitStack], int]) -> int:
    """What `act` returns, or 130 where it was interrupted. What it leaves to the stack is closed undisturbed."""
    with _all_alike(), contextlib.ExitStack() as closing:
        try:
            return act(closing)
        except KeyboardInterrupt:
            return 130
        finally:  # closing takes a moment, and must come to its end
            for number in ENDINGS:
                signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _all_alike() -> Iterator[None]:
    """While this lasts, whatever asks the process to end ends it as Ctrl-C does: through every `finally`."""

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)  # what that means, the server says while it runs

    interrupt = signal.default_int_handler  # a shell gives its background jobs none
    before = {number: signal.signal(number, interrupt if number == signal.SIGINT else end) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
