"""Templates: whole forms to start from, each with a guideline to begin with and three items to try it on.

One JSON file each: `title`, `about`, `form` as `read_form` takes it, `guideline`, `samples`. Pictures and recordings of
samples stand in them as `data:` addresses.

    >>> read_template("sentiment").title
    'Sentiment'
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import msgspec

from goldwork.errors import UnknownNameError

SUFFIX = ".json"
ORDER = (
    "sentiment", "intent", "topics", "toxicity", "entities", "objects", "rlhf", "attributes", "best-of-n",
    "demonstration", "translation", "transcription",
)  # fmt: skip
"""From the plain ones to those with more to them."""


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form to start from. `samples`: items by field."""

    name: str
    title: str
    about: str
    form: dict[str, Any]
    guideline: str
    samples: list[dict[str, str]]


@functools.cache
def read_template(name: str) -> Template:
    """One template. Raises UnknownNameError."""
    if name not in ORDER:
        raise UnknownNameError(f"no template is called {name!r}. There are: {', '.join(ORDER)}.")
    body = (resources.files(__name__) / f"{name}{SUFFIX}").read_bytes()
    return msgspec.convert({"name": name, **msgspec.json.decode(body)}, Template)


def templates() -> list[Template]:
    """All of them, in the order in which they are shown."""
    return [read_template(name) for name in ORDER]
