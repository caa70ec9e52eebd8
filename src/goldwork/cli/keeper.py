"""Keeps a child process running beside the server."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldwork.store.home import Home

GRACE = 10
"""Seconds that the child gets to end by itself."""
LONGEST_PAUSE = 60.0
STEADY = 60.0
"""A child that has run this long, seconds, is begun again at once when it ends."""


def worker_command(home: Home) -> list[str]:
    """The command that starts this home's worker."""
    place = ["--home", str(home.path), "--database", home.database]
    return [sys.executable, "-m", "goldwork.cli", "worker", *place, "--attached"]


class Keeper:
    """Begins a child process again when it ends, after a pause that grows while it keeps failing."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="goldwork-keeper", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._child.pid if self._child is not None else None

    def stop(self) -> None:
        """End the child: kindly, then by force."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
        self._thread.join(GRACE)
        if child is not None and child.stdin is not None:
            child.stdin.close()

    def _keep(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            began = time.monotonic()
            with self._lock:
                if self._stopping.is_set():
                    return
                # Its stdin is a pipe that we hold, whose end tells the child that we are gone, however we went. In a
                # session of its own a Ctrl-C at the terminal reaches us alone, and we end it in order.
                self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)
            code = self._child.wait()
            if self._stopping.is_set():
                return
            pause = 1.0 if time.monotonic() - began > STEADY else min(LONGEST_PAUSE, pause * 2)
            print(f"goldwork: the worker ended with {code}; it begins again in {pause:.0f} s", file=sys.stderr)
            self._stopping.wait(pause)
