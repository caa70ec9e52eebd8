"""Small changes to a text that may turn its meaning round: words for their opposites, a negation more or less, numbers.

The words are English; numbers are changed in any language. Whether an answer is another one then, a person says.

    >>> [trap.texts["text"] for trap in proposals({"text": "The lamp on the left is on."})]
    ['The lamp on the right is on.', 'The lamp on the left is not on.']
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from goldwork.tasks import Shown
from goldwork.tasks.traps import Trap

MOST = 200
"""Changes that are offered of one item."""
LONGEST = 20_000
"""Characters of a text that is looked through."""
_PAIRS = """
left right; more less; most least; increase decrease; increases decreases; increased decreased; increasing decreasing;
before after; earlier later; higher lower; larger smaller; above below; first last; always never; with without;
better worse; best worst; inside outside; true false; cheap expensive; hot cold; accepted rejected; won lost;
all of|none of; everyone nobody; two five; three six; four nine
"""
_NEGATED = (
    "isn't is; aren't are; wasn't was; weren't were; can't can; cannot can; couldn't could; won't will; "
    "wouldn't would; shouldn't should; don't do; doesn't does; didn't did; hasn't has; haven't have; mustn't must"
)
_VERBS = "is|are|was|were|can|could|will|would|should|must|does|did|do|has been|have been"
_ASSERTS = "is|are|was|were|can|could|will|would|should|must"


def _pairs(listed: str) -> list[tuple[str, str]]:
    found = []
    for entry in listed.replace("\n", " ").split(";"):
        one, _, other = entry.strip().partition("|" if "|" in entry else " ")
        found.append((one, other))
    return found


_OPPOSITES = {word: other for one, two in _pairs(_PAIRS) for word, other in ((one, two), (two, one))}
_PLAIN = dict(_pairs(_NEGATED))


def _any_of(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_CHANGES = re.compile(
    rf"\b(?:(?P<opposite>{_any_of([*_OPPOSITES])})|(?P<negated>{_any_of([*_PLAIN])})|(?P<verb>(?:{_VERBS})) not|"
    rf"(?-i:(?P<asserted>{_ASSERTS}))(?! not\b)|(?P<all>all))\b",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\w.,])\d{1,9}(?![\w])")


def edited(item: Shown, seed: int, certain: Sequence[Trap] = ()) -> Trap | None:
    """The change of an item that belongs to `seed`: those that are `certain` first, then those of its texts."""
    found = [*certain, *proposals(item)]
    return found[seed % len(found)] if found else None


def proposals(item: Shown) -> list[Trap]:
    """What could be changed of the item's texts: the words first, then the numbers."""
    texts = {name: value for name, value in item.items() if isinstance(value, str) and _is_prose(value)}
    return list(itertools.islice(_changes(texts), MOST))


def _changes(texts: Mapping[str, str]) -> Iterator[Trap]:
    for changes in (_word_changes, _number_changes):
        for name, text in texts.items():
            for start, end, new in changes(text):
                old = text[start:end]
                what = f"“{old}” is “{new}” now" + (f", in {name}." if len(texts) > 1 else ".")
                yield Trap(what, texts={name: text[:start] + new + text[end:]})


def _is_prose(text: str) -> bool:
    """Words to change, not an address or the name of a file."""
    return 0 < len(text) <= LONGEST and any(letter.isspace() for letter in text.strip()) and "://" not in text


def _word_changes(text: str) -> Iterator[tuple[int, int, str]]:
    """Each as the place that is replaced, and by what."""
    plain = text.replace("’", "'")
    for found in _CHANGES.finditer(plain):
        word = found[0]
        if found["opposite"]:
            new = _OPPOSITES[word.lower()]
        elif found["negated"]:
            new = _PLAIN[word.lower()]
        elif found["verb"]:
            new = found["verb"]
        elif found["asserted"]:
            new = f"{word} not"
        else:
            new = "not all"
        yield found.start(), found.end(), _cased(new, word)


def _number_changes(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _NUMBERS.finditer(text):
        number = int(found[0])
        more = 10 if 1000 <= number < 3000 else max(1, number // 2)  # a year stays one
        yield found.start(), found.end(), str(number + more)


def _cased(new: str, old: str) -> str:
    return new.upper() if old.isupper() and len(old) > 1 else new[:1].upper() + new[1:] if old[:1].isupper() else new
