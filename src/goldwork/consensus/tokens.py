"""Tokens of a text: words, punctuation marks, and characters of scripts that set no spaces.

A word is a run of letters, digits and underscores in any script; Han, Kana, Thai, Lao, Khmer and Burmese go by
character; every other mark stands alone; spaces belong to no token. Places count Unicode code points.

    >>> tokens("No, 5mg!").tolist()
    [[0, 2], [2, 3], [4, 7], [7, 8]]
    >>> tokens("薬を飲む").tolist()
    [[0, 1], [1, 2], [2, 3], [3, 4]]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.items import Items

Ints = npt.NDArray[np.int64]

ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"  # Kana, Han
)
TOKEN = re.compile(rf"[{ALONE}]|[^\W{ALONE}]+|[^\w\s]")


def tokens(text: str) -> Ints:
    """Start and end of every token, [n, 2]."""
    return np.array([found.span() for found in TOKEN.finditer(text)], np.int64).reshape(-1, 2)


def texts_of(items: Items | Mapping[Any, Any] | None, text: str, names: list[Any]) -> list[str | None]:
    """The text of every item called `names`; None where there is none.

    `items` holds texts in its field `text`, or is a mapping from items to texts. Raises InputError where that field
    is absent, holds something else, or where no item has a text.
    """
    if items is None:
        return [None] * len(names)
    if isinstance(items, Items):
        if text not in items.columns:
            listed = ", ".join(items.columns) or "none"
            raise InputError(f"items have no field {text!r}. Their fields are: {listed}. Say which with text=.")
        known: Mapping[Any, Any] = dict(zip(items.ids.tolist(), items.columns[text].tolist(), strict=True))
    else:
        known = items
    found = [known.get(name) for name in names]
    for name, value in zip(names, found, strict=True):
        if value is not None and not isinstance(value, str):
            raise InputError(f"the text of item {name!r} must be text. Got {value!r}.")
    if names and known and all(value is None for value in found):
        raise InputError(f"none of the judged items has a text: {next(iter(known))!r} where one is {names[0]!r}.")
    return found
