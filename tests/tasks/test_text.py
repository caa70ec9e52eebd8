"""text: what is its own, beyond the contract."""

from __future__ import annotations

import pytest

from goldwork.errors import AnswerError, InputError
from goldwork.tasks.text import Part, Text


@pytest.mark.parametrize(
    ("scripts", "text"),
    [
        (("LATIN",), "naïve Ærø, 12 × 3! ª º ʼn Ｆｕｌｌ 🙂 e\u0301"),
        (("CJK", "HIRAGANA", "KATAKANA"), "人々は ﾃﾚﾋﾞ をみる。"),
        (("ARABIC",), "مرحبا ١٢٣ ـ"),
        (("HANGUL",), "안녕하세요"),
        (("GREEK", "LATIN"), "αβγ abc"),
    ],
)
def test_letters_of_a_script(scripts: tuple[str, ...], text: str) -> None:
    Text(scripts=scripts).validate(text)


@pytest.mark.parametrize(("script", "text", "letter"), [("LATIN", "abc да", "д"), ("CYRILLIC", "да yes", "y")])
def test_a_letter_of_another_script_is_named(script: str, text: str, letter: str) -> None:
    with pytest.raises(AnswerError, match=rf"write in {script.capitalize()} letters. Got '{letter}'"):
        Text(scripts=(script,)).validate(text)


def test_lengths_are_code_points() -> None:
    Text(low=2, high=2).validate("🙂🙂")
    with pytest.raises(AnswerError, match="must be 2 to 2 characters. Got 3"):
        Text(low=2, high=2).validate("e\u0301é")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low": 3, "high": 2}, "0 <= low <= high"),
        ({"scripts": ("KLINGON",)}, "Got 'KLINGON'"),
        ({"parts": (Part("a"), Part("a"))}, "names that differ"),
        ({"parts": (Part("a"),), "merge": "rover"}, "rover merges a text in one piece"),
    ],
)
def test_settings_that_cannot_be_asked_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Text(**settings)  # type: ignore[arg-type]
