"""What every browser test shares: the browser, one kind of screen, and no error that goes unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.people import House, Somebody, join
from tests.browser.server import begin_server
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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running server with an administrator who has signed in; the tests of a module share it."""
    server = begin_server(tmp_path_factory.mktemp("house"))
    more = {"email": "ada@example.org", "password": "correct horse battery"}
    house = House(server.url, join(server.url, server.first_link, "Ada", **more))
    yield house
    house.close()
    server.end()


@pytest.fixture
def visit(browser: Browser, page_errors: list[str]) -> Iterator[Callable[..., Page]]:
    """A function that opens a browser of its own for somebody, or for nobody; no exception in it goes unseen."""
    contexts: list[BrowserContext] = []

    def open_page(somebody: Somebody | None = None, **settings: Any) -> Page:
        still = {"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce", "locale": "en-GB"}
        context = browser.new_context(**{**still, "timezone_id": "UTC", **settings})
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("weberror", lambda error: page_errors.append(f"uncaught: {error.error}"))
        if somebody is not None:
            context.add_cookies(somebody.cookies())  # type: ignore[arg-type]
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert page_errors == [], "a page reported errors"


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
