"""tools/ensure_browser.py: what it believes, what it remembers, what it says when there is no browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import ensure_browser

SOURCES = ("on_path", "in_playwrights_cache", "from_playwright", "from_npm", "from_apt")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A machine without a browser: the sources that were asked, in order."""
    asked: list[str] = []

    def nothing(source: str) -> object:
        return lambda *_: asked.append(source) or []

    for source in SOURCES:
        monkeypatch.setattr(ensure_browser, source, nothing(source))
    monkeypatch.setattr(ensure_browser, "trial", lambda path: "" if Path(path).name.startswith("good") else "broken")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GOLDWORK_CHROMIUM", raising=False)
    return asked


def test_without_a_browser_it_fails_and_says_what_was_tried(asked: list[str]) -> None:
    with pytest.raises(ensure_browser.NoBrowserError) as caught:
        ensure_browser.ensure()
    assert asked == list(SOURCES)
    assert "apt-get install chromium: none" in str(caught.value)
    assert "GOLDWORK_CHROMIUM=/path/to/chromium" in str(caught.value)


def test_the_variable_is_the_last_word(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDWORK_CHROMIUM", "/opt/good")
    assert ensure_browser.ensure() == "/opt/good"
    monkeypatch.setenv("GOLDWORK_CHROMIUM", "/opt/bad")
    with pytest.raises(ensure_browser.NoBrowserError, match="GOLDWORK_CHROMIUM=/opt/bad does not work: broken"):
        ensure_browser.ensure()
    assert asked == []


def test_a_browser_that_does_not_work_is_passed_over(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensure_browser, "on_path", lambda: ["/usr/bin/bad"])
    monkeypatch.setattr(ensure_browser, "from_npm", lambda cache: [str(cache / "good")])
    assert ensure_browser.ensure().endswith("good")
    assert asked == ["in_playwrights_cache", "from_playwright"]


def test_the_answer_is_remembered(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as first:
        first.setattr(ensure_browser, "on_path", lambda: ["/usr/bin/good"])
        ensure_browser.ensure()
    assert ensure_browser.ensure() == "/usr/bin/good"
    assert asked == []


def test_a_step_that_fails_or_hangs_is_told_and_passed_over(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs() -> list[str]:
        raise subprocess.TimeoutExpired("playwright", 240)

    def fails(cache: Path) -> list[str]:
        raise subprocess.CalledProcessError(1, "npm", "npm error code E404\nnpm error A complete log is elsewhere\n")

    monkeypatch.setattr(ensure_browser, "from_playwright", hangs)
    monkeypatch.setattr(ensure_browser, "from_npm", fails)
    with pytest.raises(ensure_browser.NoBrowserError) as caught:
        ensure_browser.ensure()
    assert "playwright install chromium: not done after 240 seconds" in str(caught.value)
    assert "exit 1: npm error code E404" in str(caught.value)


def test_a_program_that_is_no_browser_fails_its_trial(tmp_path: Path) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)
    assert ensure_browser.trial(str(fake)) != ""
    assert ensure_browser.trial(str(tmp_path / "none")) == "no such file"
