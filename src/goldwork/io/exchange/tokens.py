"""Words of a text by rule, for formats of words: the same everywhere, without a language's model.

A word is a run of letters, digits and underscores with the marks that belong to them; every other sign that is no space
stands alone, an emoji with what is joined to it. Signs of writing without spaces (Chinese, Japanese, Thai and the like)
stand alone, too.

    >>> [text for _, _, text in [(start, end, "Don't, 2 cm"[start:end]) for start, end in words("Don't, 2 cm")]]
    ['Don', "'", 't', ',', '2', 'cm']
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_JOINER = "\u200d"
_TONES = ("\U0001f3fb", "\U0001f3ff")
_PLAIN = re.compile(r"[A-Za-z0-9_]+|[^\sA-Za-z0-9_]")
_ALONE = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip


def words(text: str) -> list[tuple[int, int]]:
    """Where the words begin and end, in order."""
    if text.isascii():
        return [found.span() for found in _PLAIN.finditer(text)]
    found: list[tuple[int, int]] = []
    start, running, before = -1, False, ""
    for place, sign in enumerate(text):
        if sign.isspace():
            if start >= 0:
                found.append((start, place))
            start, running = -1, False
        elif (start >= 0 and (_joins(sign) or before == _JOINER)) or (start >= 0 and running and _is_letter(sign)):
            pass
        else:
            if start >= 0:
                found.append((start, place))
            start, running = place, _is_letter(sign)
        before = sign
    if start >= 0:
        found.append((start, len(text)))
    return found


def marked(spans: Sequence[dict[str, Any]], tokens: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """The spans as first word, word after the last, and label, in order.

    A span grows to whole words. Of those that then overlap the one of most words stands, and of equal ones the first.
    One that holds no word is left out.
    """
    starts = [start for start, _ in tokens]
    ends = [end for _, end in tokens]
    grown = []
    for span in spans:
        first = bisect.bisect_right(ends, span["start"])
        after = bisect.bisect_left(starts, span["end"])
        if first < after:
            grown.append((first, after, span["label"]))
    taken: set[int] = set()
    stand = []
    for first, after, label in sorted(grown, key=lambda one: (one[0] - one[1], one[0], one[2])):
        # Longer ones stand already, so that one of them that overlaps holds one of the ends.
        if first not in taken and after - 1 not in taken:
            taken.update(range(first, after))
            stand.append((first, after, label))
    return sorted(stand)


def _is_letter(sign: str) -> bool:
    if not (sign.isalnum() or sign == "_"):
        return False
    code = ord(sign)
    return code < 0x0E00 or not any(low <= code <= high for low, high in _ALONE)


def _joins(sign: str) -> bool:
    return sign == _JOINER or _TONES[0] <= sign <= _TONES[1] or unicodedata.category(sign)[0] == "M"
