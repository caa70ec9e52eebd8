"""What every browser test shares: the browser, one kind of screen, and no error that goes unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tools import ensure_browser


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The browser that tools/ensure_browser.py finds or fetches; no browser is a failure, never a skip."""
    try:
        path = ensure_browser.ensure()
    except ensure_browser.NoBrowserError as error:
        pytest.fail(str(error), pytrace=False)
    return {**browser_type_launch_args, "executable_path": path, "args": list(ensure_browser.FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """The same screen, language, clock and stillness on every machine."""
    return {
        **browser_context_args,
        "viewport": {"width": 1400, "height": 900},
        "reduced_motion": "reduce",
        "locale": "en-GB",
        "timezone_id": "UTC",
    }


@pytest.fixture
def page_errors() -> list[str]:
    """Errors the page reported. A test that provokes one looks at it, then clears the list."""
    return []


@pytest.fixture
def page(page: Page, page_errors: list[str]) -> Iterator[Page]:
    """A page whose uncaught exceptions and console errors fail the test, unless the test clears them."""

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url")
            page_errors.append(f"console: {message.text}" + (f" ({where})" if where else ""))

    page.on("console", heard)
    page.on("pageerror", lambda error: page_errors.append(f"uncaught: {error}"))
    page.set_default_timeout(10_000)
    yield page
    assert page_errors == [], "the page reported errors"
