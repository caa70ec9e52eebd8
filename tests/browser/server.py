"""A `goldwork serve` that the browser tests of a module share."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 30.0
"""Seconds that a server may take to start or to end."""


@dataclass
class Server:
    """A running server. `first_link`: the administrator's one-time link."""

    process: subprocess.Popen[str]
    url: str = ""
    first_link: str = ""
    output: list[str] = field(default_factory=list)
    up: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        """Read what it prints, to the end, so that it never blocks."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.output.append(line)
                if found := re.search(r"serves (https?://\S+)", line):
                    self.url = found.group(1)
                if found := re.search(r"https?://\S+/link#\S+", line):
                    self.first_link = found.group(0)
                if line.startswith("Ready"):
                    self.up.set()
        self.up.set()

    def end(self) -> None:
        """Stop it as a service manager would."""
        self.process.terminate()
        self.process.wait(PATIENCE)


def begin_server(home: Path) -> Server:
    """Start a server with an empty home on a free port, worker included."""
    process = subprocess.Popen(
        [sys.executable, "-m", "goldwork.cli", "serve", "--home", str(home), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    server = Server(process)
    threading.Thread(target=server.listen, daemon=True).start()
    if not server.up.wait(PATIENCE) or process.poll() is not None:
        process.kill()
        raise AssertionError("goldwork serve did not start:\n" + "".join(server.output))
    return server
