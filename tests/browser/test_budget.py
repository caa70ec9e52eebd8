"""What the browser has to load stays small, and the policy's rules are kept by what is built."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).resolve().parents[2] / "src" / "goldwork" / "web" / "static"
SHELL = 50_000
"""Bytes, gzipped, before the first page; the design allows 90,000."""
LAZY = 40_000
"""Bytes, gzipped, that a page or a widget may add."""
APART = {"node_modules/katex/dist/katex.mjs": 80_000}
"""Large viewers of other people, loaded only where a text needs them, and what they may add."""
QUALITY = tuple(
    f"src/routes/{name}.svelte"
    for name in (
        *(
            f"project/{name}"
            for name in ("AboutMe", "Adjudicate", "Attributes", "Decisions", "Gold", "Groups", "Growth")
        ),
        *("project/Notes", "project/Oversight", "project/Quality", "project/Reviewed", "project/Standing"),
        *("project/oversight/Reviews", "work/Aside", "work/Notes"),
    )
)
"""Pages and parts of the quality engine, each loaded where it is opened."""
GUARD = 70_000
"""Bytes, gzipped, of what these alone need."""
LEARNING = tuple(f"src/routes/project/{page}.svelte" for page in ("Model", "Suspects", "Reward", "Loop"))
"""Pages of models, each loaded where it is opened."""
LOOP = 25_000
"""Bytes, gzipped, of what these alone need."""
OWN = 260_000
"""Bytes, gzipped, of all else, those viewers apart: 250,000 for the work itself, the rest for what tells people of
training and of decisions about them, and for the ways to the pages of reward models."""


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STATIC / ".vite" / "manifest.json").read_text())
    return found


def closure(manifest: dict[str, Any], key: str) -> set[str]:
    """The chunk and all it imports at once."""
    seen: set[str] = set()
    waiting = [key]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += manifest[one].get("imports", [])
    return seen


def files(manifest: dict[str, Any], key: str) -> set[str]:
    """The scripts and style sheets that come with a chunk."""
    chunks = [manifest[one] for one in closure(manifest, key)]
    return {chunk["file"] for chunk in chunks} | {css for chunk in chunks for css in chunk.get("css", [])}


def weight(names: set[str]) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names)


def entry(manifest: dict[str, Any]) -> str:
    return next(key for key, chunk in manifest.items() if chunk.get("isEntry"))


def test_the_shell_is_light(manifest: dict[str, Any]) -> None:
    size = weight(files(manifest, entry(manifest)) | {"index.html"})
    print(f"shell: {size / 1000:.1f} KB gzipped")
    assert size <= SHELL


def test_every_lazy_part_is_light(manifest: dict[str, Any]) -> None:
    shell = files(manifest, entry(manifest))
    sizes = {
        key: weight(files(manifest, key) - shell) for key, chunk in manifest.items() if chunk.get("isDynamicEntry")
    }
    print({key: round(size / 1000, 1) for key, size in sizes.items()})
    assert {key: size for key, size in sizes.items() if size > APART.get(key, LAZY)} == {}


def test_all_of_it_is_light(manifest: dict[str, Any]) -> None:
    opened = set().union(*(closure(manifest, entry(manifest)), *(
        closure(manifest, key) for key, chunk in manifest.items()
        if chunk.get("isDynamicEntry") and key not in (*QUALITY, *LEARNING, *APART)
    )))  # fmt: skip
    names = set().union(*(files(manifest, key) for key in opened))
    guard = set().union(*(files(manifest, key) for key in manifest.keys() & set(QUALITY))) - names
    loop = set().union(*(files(manifest, key) for key in manifest.keys() & set(LEARNING))) - names - guard
    parts = ", ".join(f"{name} {weight(of) / 1000:.1f} KB" for name, of in (("quality", guard), ("loop", loop)))
    print(f"all: {weight(names) / 1000:.1f} KB gzipped in {len(names)} files, {parts}")
    assert len(names) > 5
    assert weight(names) <= OWN
    assert 0 < weight(guard) <= GUARD
    assert 0 < weight(loop) <= LOOP


def texts(*endings: str) -> Iterator[tuple[str, str]]:
    for path in STATIC.rglob("*"):
        if path.suffix in endings:
            yield path.name, path.read_text()


def test_nothing_needs_what_the_policy_forbids() -> None:
    page = (STATIC / "index.html").read_text()
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"<style|style=|\son\w+=", page) == []
    for name, script in texts(".js"):
        assert not re.search(r"\beval\(|new Function\(", script), name
        # A style attribute in markup that a script makes would be blocked; Svelte's style: directive is not one.
        assert not re.search(r"`<[^`]* style=\\?\"", script), name
    for name, sheet in texts(".css"):
        assert "data:" not in sheet, name
        assert "http" not in sheet, name
