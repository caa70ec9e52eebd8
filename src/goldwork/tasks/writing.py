"""What text may be, and which texts look the same.

>>> [len(text) for text in alike(["re\\u0301sume\\u0301", "plan", "r\\u00e9sum\\u00e9"]) or ()]
[8, 6]
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what stands after them, outside a text too."""


def is_text(text: str) -> bool:
    """Whether a string is text: no NUL, which no database takes, and no half of a character."""
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


def is_word(text: str) -> bool:
    """Whether a string can stand in a line with others: no control characters, nothing that turns the direction."""
    return is_text(text) and not any(unicodedata.category(letter) == "Cc" or letter in TURNS for letter in text)


def alike(texts: Iterable[str]) -> tuple[str, str] | None:
    """The first two that are the same to the eye: of the same letters, however composed, but for what is not seen."""
    seen: dict[str, str] = {}
    for text in texts:
        letters = unicodedata.normalize("NFC", text)
        looks = "".join(letter for letter in letters if unicodedata.category(letter) != "Cf") or letters
        if looks in seen:
            return seen[looks], text
        seen[looks] = text
    return None
