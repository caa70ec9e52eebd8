"""tools/make_venv.sh: which Python it takes, what it says when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make is not how Windows sets goldwork up")


def make_venv(folder: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Run the script where exactly these Pythons are on PATH; a Python is a shell script."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "rm").symlink_to("/bin/rm")
    for name, script in pythons.items():
        path = bin_folder / name.replace("_", ".")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "make_venv.sh"), str(folder / "venv")],
        env={"PATH": str(bin_folder), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


WORKS = f'exec "{sys.executable}" "$@"'
LAUNCHER = "echo 'not installed' >&2; exit 127"


def test_takes_the_first_that_runs(tmp_path: Path) -> None:
    done = make_venv(tmp_path, python3=LAUNCHER, python3_12=WORKS)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()


def test_without_a_python_it_says_what_to_install(tmp_path: Path) -> None:
    done = make_venv(tmp_path, python3=LAUNCHER)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_without_ensurepip_and_pip_it_says_what_to_install(tmp_path: Path) -> None:
    bare = f'case "$2" in *ensurepip*|*pip*) exit 1;; esac\n{WORKS}'
    done = make_venv(tmp_path, python3=bare)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()
