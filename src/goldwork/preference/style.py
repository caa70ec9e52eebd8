"""Style: what of a text catches the eye whatever it says. Length first, for that is what people pay for unawares.

A reward model that is no better than its own style features has learned taste in form alone; and each feature has a
name, so that what it is paid for can be read off the model.

*Source:* length and formatting as what preference models learn, Singhal et al. 2023, A Long Way to Go,
arXiv:2310.03716; Chatbot Arena's style control, Li, Angelopoulos and Chiang 2024.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SENTENCE = re.compile(r"[.!?]+(?:\s|$)")
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s", re.MULTILINE)
_WORD = re.compile(r"\w+")

NAMES = (
    "log words", "words", "word length", "sentence length", "commas", "capitals", "exclamations", "questions",
    "distinct words", "links", "line breaks", "digits", "list items", "headings", "bold", "code",
    "words of the prompt",
)  # fmt: skip


def style(prompts: Sequence[str], responses: Sequence[str]) -> Floats:
    """Features [n, len(NAMES)] of responses, each to the prompt beside it; most are rates by word."""
    return np.array([_style(*both) for both in zip(prompts, responses, strict=True)]).reshape(-1, len(NAMES))


def _style(prompt: str, text: str) -> list[Any]:
    words = text.split()
    n, length = max(len(words), 1), max(len(text), 1)
    lower = [word.lower() for word in _WORD.findall(text)]
    asked = set(_WORD.findall(prompt.lower()))
    return [
        np.log1p(len(words)),
        len(words) / 100,
        length / n,
        n / max(len(_SENTENCE.findall(text)), 1),
        text.count(",") / n,
        sum(map(str.isupper, text)) / length,
        text.count("!") / n,
        text.count("?") / n,
        len(set(lower)) / max(len(lower), 1),
        np.log1p(text.count("http")),
        np.log1p(text.count("\n")),
        sum(map(str.isdigit, text)) / length,
        np.log1p(len(_LIST.findall(text))),
        np.log1p(len(_HEADING.findall(text))),
        np.log1p(text.count("**") // 2),
        np.log1p(text.count("```") // 2),
        len(asked.intersection(lower)) / max(len(asked), 1),
    ]
