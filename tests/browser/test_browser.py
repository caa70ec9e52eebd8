"""The browser itself: that it draws, and that an error in a page cannot go unseen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_page_draws_text(page: Page) -> None:
    page.set_content("<h1></h1>")
    empty = page.screenshot()
    page.set_content("<h1>goldwork</h1>")
    assert page.get_by_role("heading").inner_text() == "goldwork"
    assert page.screenshot() != empty


def test_screen_is_the_same_everywhere(page: Page) -> None:
    assert page.evaluate("[innerWidth, innerHeight]") == [1400, 900]
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "UTC"


def test_errors_of_the_page_are_collected(page: Page, page_errors: list[str]) -> None:
    page.set_content("<script>console.error('said'); setTimeout(() => { throw Error('thrown') })</script>")
    page.wait_for_timeout(100)
    assert sorted(page_errors) == ["console: said", "uncaught: thrown"]
    page_errors.clear()
