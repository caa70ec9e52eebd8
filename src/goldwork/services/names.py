"""What a name may consist of: whatever can be read, in every script."""

from __future__ import annotations

_JOINERS = str.maketrans("", "", "\u200c\u200d")
"""They hold letters apart or together in Persian and the scripts of India, and make one emoji of several."""


def is_readable(name: str) -> bool:
    """Whether there is something to see and no control character in it.

    >>> is_readable("Ada"), is_readable("\\u200d"), is_readable("a\\x00")
    (True, False, False)
    """
    seen = name.translate(_JOINERS)
    return bool(seen.strip()) and seen.isprintable()
