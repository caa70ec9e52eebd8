"""The front end's plain modules (outbox, keys, timer, feed), by Node's own test runner."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tools import frontend

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120


def test_plain_modules() -> None:
    node = frontend.Node.find()
    site = frontend.Site(ROOT)
    frontend.install(site, node)
    done = subprocess.run(
        [node.node, "tests/run.mjs"], cwd=site.frontend, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"^\S+ pass (\d+)$", done.stdout, re.MULTILINE)
    assert counted, done.stdout
    assert int(counted.group(1)) >= 30
