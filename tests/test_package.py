"""What people install: the sdist carries the front end built, and the wheel made from it needs no Node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import goldwork
from tools import frontend

ROOT = Path(__file__).resolve().parent.parent
STATIC = "goldwork/web/static/"

# One group, so that the one build is made by one worker.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("package")]


@dataclass(frozen=True)
class Package:
    """An sdist of this checkout, unpacked, and the wheel that was built there."""

    sdist: list[str]
    unpacked: Path
    wheel: zipfile.ZipFile


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("package")
    build("--sdist", snapshot(folder / "checkout"), folder)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = [name.split("/", 1)[1] for name in tar.getnames() if "/" in name]
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.3 and before have none
        tar.extractall(folder)
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    build("--wheel", unpacked, folder)
    [wheel] = folder.glob("*.whl")
    return Package(names, unpacked, zipfile.ZipFile(wheel))


def snapshot(target: Path) -> Path:
    """This checkout as it is now: somebody may be writing in it while the build reads it."""
    made_here = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, target, ignore=made_here)
    if (ROOT / "frontend" / "node_modules").is_dir():  # spares a stale checkout from installing them again
        (target / "frontend" / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    return target


def build(what: str, source: Path, target: Path) -> None:
    command = [sys.executable, "-m", "build", what, "--no-isolation", "--outdir", str(target), str(source)]
    env = {name: value for name, value in os.environ.items() if name != "GOLDWORK_FRONTEND"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wheel_has_the_built_front_end(package: Package) -> None:
    names = set(package.wheel.namelist())
    page = package.wheel.read(STATIC + "index.html").decode()
    linked = re.findall(r'(?:src|href)="/([^"]+)"', page)
    assert any(name.endswith(".js") for name in linked)
    assert {STATIC + name for name in linked} <= names


def test_page_has_no_inline_script(package: Package) -> None:
    """The Content-Security-Policy would refuse it."""
    page = package.wheel.read(STATIC + "index.html").decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"\son\w+=", page) == []


def test_wheel_has_nothing_else_of_the_front_end(package: Package) -> None:
    rooms = {name.split("/")[0] for name in package.wheel.namelist()}
    assert rooms == {"goldwork", f"goldwork-{goldwork.__version__}.dist-info"}
    assert [name for name in package.wheel.namelist() if "node_modules" in name or name.endswith(".pyc")] == []


def test_wheel_is_typed_and_licensed(package: Package) -> None:
    names = package.wheel.namelist()
    assert "goldwork/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_has_every_file_of_the_package(package: Package) -> None:
    """Migrations, templates and other data too, not only modules."""
    command = ["git", "-C", str(ROOT), "ls-files", "src/goldwork"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kept = {name.removeprefix("src/") for name in done.stdout.split() if (ROOT / name).is_file()}
    assert kept - set(package.wheel.namelist()) == set()


def test_sdist_is_fresh_so_its_install_needs_no_node(package: Package) -> None:
    assert frontend.Site(package.unpacked).fresh()
    assert not (package.unpacked / "frontend" / "node_modules").exists()
    assert [name for name in package.sdist if "node_modules" in name] == []


def test_sdist_can_build_the_front_end_again(package: Package) -> None:
    needed = {"frontend/package-lock.json", "frontend/index.html", "tools/frontend.py", "hatch_build.py"}
    assert needed <= set(package.sdist)
