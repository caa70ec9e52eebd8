"""What a cell may hold, by how its field is shown: what does not fit is said with its mend, before anything is stored.

Nothing is ever fetched: a link is shown to people as text, and a file is uploaded, or stands in the cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from goldwork.errors import InputError
from goldwork.services.media import KINDS, Medium, check, decode
from goldwork.tasks.conversation import read_turns

MAX_FIELD = 1_000_000
"""Characters of one text."""
MAX_LINK = 2_000

_ADDRESS = re.compile(r"(?:https?|ftp)://|//", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff\\\\<>\"^`{|}]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def check_text(text: str) -> None:
    """Raise InputError for a text that is too long, or that no database takes."""
    if len(text) > MAX_FIELD:
        raise InputError(f"a text has up to {MAX_FIELD:,} characters. This one has {len(text):,}.")
    if "\0" in text:
        raise InputError("the text holds a NUL character. Remove it.")


def check_chat(text: str) -> None:
    """Raise InputError unless `text` is empty or a JSON list of turns."""
    check_text(text)
    if text:
        read_turns(text)


def check_link(text: str) -> None:
    """Raise InputError unless `text` is empty or the address of a page, in which nothing hides."""
    if not text:
        return
    if len(text) > MAX_LINK:
        raise InputError(f"a link has up to {MAX_LINK:,} characters. This one has {len(text):,}.")
    if _UNSAFE.search(text):
        raise InputError(f"a link holds no spaces, control characters or quotes. Got {text[:80]!r}.")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"this is no address of a page. Got {text[:80]!r}.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(f"a link must begin with http:// or https:// and a host. Got {text[:80]!r}.")
    if "@" in parts.netloc:
        raise InputError("a link names no user or password. Remove what stands before the @.")


def check_media(text: str, show: str) -> Medium | None:
    """What stands in a cell of a field shown as `image` or `audio`: a file as a data: address, or None for a name.

    Raises InputError for anything that can be neither.
    """
    what = KINDS[show]
    if text.startswith("data:"):
        medium = check(decode(text))
        if not medium.is_shown_as(show):
            raise InputError(f"this is no {what}, but {medium.type}.")
        return medium
    if _ADDRESS.match(text):
        raise InputError(
            f"{what}s are not fetched from addresses. Upload the file and give its name, or use a data: address."
        )
    if not text:
        raise InputError(f"the {what} is missing. Give the name of an uploaded file.")
    return None


CHECKS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {"text": check_text, "markdown": check_text, "code": check_text, "chat": check_chat, "link": check_link}
)
"""For fields that hold their own value; those in `media.KINDS` hold a file."""
