"""A process of its own for what may hang, raise or take all the memory: a model that does ends that process alone.

A job fills a folder with what is asked, and waits for the process in short steps, so that the worker's other jobs go
on; the process leaves in the folder what it found, or why it found nothing. Where the worker is gone, it ends too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import msgspec

from goldwork.errors import GoldworkError, InputError

LIMIT = 600.0
"""Seconds that it may take."""
PREFIX = "fit-"
WAIT = 0.05
"""Seconds in which the worker does nothing else than wait for it."""
ERROR, PROGRESS = "error.json", "progress.jsonl"
SAID = 20_000
"""Characters of what a failed process wrote that go to the server's log."""

TOLD = (ValueError, ArithmeticError, LookupError, TypeError, MemoryError)
"""Errors whose words are told: they are about numbers. Those of files and databases name places of this machine."""

T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Is told the phase, how much of it is done, and of how much."""

log = logging.getLogger("goldwork.worker")


class Failed(msgspec.Struct, frozen=True):
    """Why nothing was found, in a sentence."""

    message: str


# The job's side.


def command(module: str, folder: Path) -> list[str]:
    """The command that does what is asked in the folder."""
    return [sys.executable, "-m", module, str(folder)]


def run(
    place: Path,
    module: str,
    fill: Callable[[Path], object],
    read: Callable[[Path], T],
    *,
    smaller: str,
    tell: Tell | None = None,
    beat: Callable[[], object] = lambda: None,
) -> Generator[None, None, T]:
    """Let a module of this package do what `fill` leaves in a folder under `place`; what `read` reads of it then.

    `smaller`: what takes less time, in a sentence; `tell` hears of the progress, and `beat` is called once a second,
    whatever the process does: it may raise to end it. Raises InputError with why nothing was found.
    """
    place.mkdir(parents=True, exist_ok=True)
    _tidy(place)
    with tempfile.TemporaryDirectory(dir=place, prefix=PREFIX) as name:
        folder = Path(name)
        fill(folder)
        begun, beaten, heard = time.monotonic(), 0, 0
        with (folder / "errors.txt").open("wb") as errors:
            child = subprocess.Popen(command(module, folder), stdin=subprocess.PIPE, stdout=errors, stderr=errors)
        try:
            while child.poll() is None:
                waited = time.monotonic() - begun
                if waited > LIMIT:
                    raise InputError(f"the model took more than {LIMIT:,.0f} seconds and was ended. {smaller}")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(WAIT)
                heard = _hear(folder, heard, tell)
                if waited > beaten + 1:
                    beaten = int(waited)
                    beat()
                yield
        finally:
            child.kill()
            child.wait()
            assert child.stdin is not None
            child.stdin.close()
        _hear(folder, heard, tell)
        if child.returncode:
            _fail(folder, child.returncode)
        return read(folder)


def _tidy(place: Path) -> None:
    """Remove what a worker left that was killed in the middle."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > 2 * LIMIT:
                shutil.rmtree(folder)


def _hear(folder: Path, heard: int, tell: Tell | None) -> int:
    """Pass on what is new in the progress. Returns how much of it has been passed on."""
    if tell is None or not (folder / PROGRESS).exists():
        return heard
    lines = (folder / PROGRESS).read_bytes().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith(b"\n")]
    for line in whole[heard:]:
        tell(*msgspec.json.decode(line, type=tuple[str, int, int]))
    return len(whole)


def _fail(folder: Path, code: int) -> None:
    if (folder / ERROR).exists():
        message = msgspec.json.decode((folder / ERROR).read_bytes(), type=Failed).message
    else:
        message = f"the model's process ended without a word ({code}). Perhaps the memory did not suffice."
    if said := (folder / "errors.txt").read_text(encoding="utf-8", errors="replace")[-SAID:]:
        log.warning("a model's process ended with %s:\n%s", code, said)
    raise InputError(message)


# The process's side.


def main(do: Callable[[Path], None]) -> int:
    """Do what the folder that is named on the command line asks for, and leave in it what was found."""
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    folder = Path(sys.argv[1])
    try:
        do(folder)
    except Exception as error:  # noqa: BLE001 - whatever a model does is said
        if isinstance(error, GoldworkError):
            message = error.message
        else:
            said = f": {error}"[:500] if isinstance(error, TOLD) else ". The server's log says more."
            message = f"the model failed: {type(error).__name__}{said}"
            traceback.print_exc()
        (folder / ERROR).write_bytes(msgspec.json.encode(Failed(message)))
        return 1
    return 0


def teller(folder: Path) -> Tell:
    """Writes down how far it is, for the job to hear."""

    def tell(phase: str, done: int, of: int) -> None:
        with (folder / PROGRESS).open("ab") as stream:
            stream.write(msgspec.json.encode((phase, done, of)) + b"\n")

    return tell


def _end_with_the_worker() -> None:
    """The worker holds the other end of the standard input."""
    while os.read(0, 1):
        pass
    os._exit(1)
