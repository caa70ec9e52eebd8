"""text: free text, in one piece or in named parts.

Lengths are counted in Unicode code points after spaces around are taken away. Answers are as far apart as their words
(or characters) are by edit distance over the longer one; parts by their mean. Several answers become one by the most
central of them, or word by word by ROVER, for transcriptions.

    >>> why = Text(low=5, high=200)
    >>> why.validate("no")
    Traceback (most recent call last):
    goldwork.errors.AnswerError: must be 5 to 200 characters. Got 2: 'no'.
    >>> why.distance("the cat sat", "the dog sat")
    0.3333333333333333
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, ClassVar, Literal

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks import form as primitives
from goldwork.tasks.edits import edited
from goldwork.tasks.form import Form
from goldwork.tasks.traps import Trap

MOST = 100_000
"""Characters of one part."""
MOST_PARTS = 20
SHOWN = 40
SCRIPTS = (
    "ARABIC", "ARMENIAN", "BENGALI", "CJK", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GEORGIAN", "GREEK", "GUJARATI",
    "HANGUL", "HEBREW", "HIRAGANA", "KANNADA", "KATAKANA", "KHMER", "LAO", "LATIN", "MALAYALAM", "MYANMAR", "SINHALA",
    "TAMIL", "TELUGU", "THAI", "TIBETAN",
)  # fmt: skip
"""Writing systems, as the names of Unicode's characters say them."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One piece of text. Empty `title`: its name is read. `low` 0: it may be left empty."""

    name: str
    title: str = ""
    low: int = 1
    high: int = 10_000


@task_type("text")
class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="text"):
    """Settings: how long, in which writing systems (`scripts`, none: any), in which `parts` (none: one piece)."""

    low: int = 1
    high: int = 10_000
    scripts: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    placeholder: str = ""
    measure: Literal["words", "characters"] = "words"
    merge: Literal["medoid", "rover"] = "medoid"

    kind: ClassVar[str] = "text"
    level: ClassVar[str] = "distance"

    def __post_init__(self) -> None:
        for low, high in [(self.low, self.high), *((part.low, part.high) for part in self.parts)]:
            if not 0 <= low <= high <= MOST or not high:
                raise InputError(f"a length must be 0 <= low <= high <= {MOST:,}. Got {low} and {high}.")
        if unknown := [name for name in self.scripts if name not in SCRIPTS]:
            raise InputError(f"scripts must be some of {', '.join(SCRIPTS)}. Got {unknown[0]!r}.")
        names = [part.name for part in self.parts]
        if len(names) > MOST_PARTS or not all(name.strip() for name in names) or len(set(names)) < len(names):
            raise InputError(f"a text has up to {MOST_PARTS} parts, with names that differ. Got {names}.")
        if self.parts and self.merge == "rover":
            raise InputError("rover merges a text in one piece. Take away the parts, or merge by medoid.")

    @property
    def consensus(self) -> str:
        return self.merge

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if not self.parts:
            self._check(answer, self.low, self.high, "")
            return
        names = [part.name for part in self.parts]
        if not isinstance(answer, dict) or set(answer) != set(names):
            raise AnswerError(f"must be an object with {', '.join(names)}. Got {_cut(answer)}.")
        for part in self.parts:
            self._check(answer[part.name], part.low, part.high, f"{part.name}: ")

    def canonical(self, answer: Any) -> Any:
        if self.parts:
            return {name: answer[name].strip() for name in sorted(answer)}
        return answer.strip()

    def value(self, answer: Any) -> Any:
        return answer

    def distance(self, first: Any, second: Any) -> float:
        if self.parts:
            return sum(self._apart(first[part.name], second[part.name]) for part in self.parts) / len(self.parts)
        return self._apart(first, second)

    def form(self) -> Form:
        def draw(low: int, high: int, name: str = "", title: str = "") -> primitives.Text:
            rows = 2 if high <= 120 else 5 if high <= 2000 else 10
            return primitives.Text(low, high, rows, self.placeholder, self.scripts, name, title)

        if self.parts:
            return Form(tuple(draw(part.low, part.high, part.name, part.title or part.name) for part in self.parts))
        return Form((draw(self.low, self.high),))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """A change to a text, after which a person says the answer."""
        return edited(item, seed)

    def _apart(self, first: str, second: str) -> float:
        """By words, and where these do not tell two texts apart, by characters."""
        if first == second:
            return 0.0
        return distance.get(self.measure)(first, second) or distance.get("characters")(first, second)

    def _check(self, text: Any, low: int, high: int, where: str) -> None:
        if not isinstance(text, str):
            raise AnswerError(f"{where}must be text. Got {_cut(text)}.")
        stripped = text.strip()
        if not low <= len(stripped) <= high:
            raise AnswerError(f"{where}must be {low} to {high:,} characters. Got {len(stripped):,}: {_cut(stripped)}.")
        for place, letter in enumerate(stripped):
            if letter == "\0" or "\ud800" <= letter <= "\udfff":
                raise AnswerError(f"{where}character {place + 1} is no text. Got {letter!r}.")
            if self.scripts and not _is_of(letter, self.scripts):
                listed = ", ".join(name.capitalize() for name in self.scripts)
                raise AnswerError(f"{where}write in {listed} letters. Got {letter!r}, character {place + 1}.")


def _is_of(letter: str, scripts: tuple[str, ...]) -> bool:
    """Whether a letter is of one of the scripts, in whatever width or height; what is no letter of any is of all."""
    return all(
        unicodedata.category(part) not in ("Lu", "Ll", "Lt", "Lo") or set(scripts) & {*_words(part)}
        for part in unicodedata.normalize("NFKC", letter)
    )


@functools.lru_cache(maxsize=10_000)
def _words(letter: str) -> tuple[str, ...]:
    return tuple(unicodedata.name(letter, "").split())


def _cut(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= SHOWN else said[:SHOWN] + "…"
