"""A model is fitted in a process of its own, which the job waits for: what fails or hangs there kills nothing here."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from goldwork.errors import InputError
from goldwork.services import fit
from goldwork.services.fit import Asked, Failed, Said

LIMIT = 600.0
"""Seconds that a fit may take."""
PREFIX = "fit-"
WAIT = 0.05
"""Seconds in which the worker does nothing else than wait for it."""


class Fitted(msgspec.Struct, frozen=True):
    """What was found: of every item what the model says (`predicted` [n, K]); of the items that trained it (`train`
    [m]) what it says that has not seen the item (`unseen` [m, K]); how the annotators `people` [A] answer
    (`confusion` [A, K true, K answered]); the rows to ask next (`chosen`); the model as a file; and what is to be told
    of it."""

    predicted: Any
    train: Any
    unseen: Any
    people: Any
    confusion: Any
    chosen: Any
    content: bytes
    said: Said


def command(folder: Path) -> list[str]:
    """The command that fits what is asked in the folder."""
    return [sys.executable, "-m", "goldwork.services.fit", str(folder)]


def run(asked: Asked, table: dict[str, Any]) -> Generator[None, None, Fitted]:
    """Fit in another process, and wait for it in short steps. Raises InputError with why there is no model."""
    Path(asked.cache).mkdir(parents=True, exist_ok=True)
    _tidy(Path(asked.cache))
    with tempfile.TemporaryDirectory(dir=asked.cache, prefix=PREFIX) as name:
        folder = Path(name)
        (folder / fit.ASKED).write_bytes(msgspec.json.encode(asked))
        np.savez(folder / fit.TABLE, **table)
        until = time.monotonic() + LIMIT
        with (folder / "errors.txt").open("wb") as errors:
            child = subprocess.Popen(command(folder), stdin=subprocess.PIPE, stdout=errors, stderr=errors)
        try:
            while child.poll() is None:
                if time.monotonic() > until:
                    raise InputError(
                        f"the model was not fitted within {LIMIT:,.0f} seconds and was ended. Fewer items, or features "
                        "with fewer numbers, take less."
                    )
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(WAIT)
                yield
        finally:
            child.kill()
            child.wait()
            assert child.stdin is not None
            child.stdin.close()
        return _read(folder, child.returncode)


def _tidy(cache: Path) -> None:
    """Remove what a worker left that was killed in the middle."""
    for folder in cache.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > 2 * LIMIT:
                shutil.rmtree(folder)


def _read(folder: Path, code: int) -> Fitted:
    if (folder / fit.ERROR).exists():
        raise InputError(msgspec.json.decode((folder / fit.ERROR).read_bytes(), type=Failed).message)
    if code or not (folder / fit.SAID).exists():
        raise InputError(f"the model's process ended without a word ({code}). Perhaps the memory did not suffice.")
    with np.load(folder / fit.FOUND, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    said = msgspec.json.decode((folder / fit.SAID).read_bytes(), type=Said)
    return Fitted(**found, content=(folder / fit.MODEL).read_bytes(), said=said)
