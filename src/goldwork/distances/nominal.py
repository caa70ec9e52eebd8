"""nominal: the same or not.

1 and 1.0 are the same answer, True and 1 are not, and the order of an object's keys says nothing.
"""

from __future__ import annotations

import json
from typing import Any

from goldwork.distances import distance
from goldwork.errors import InputError


def read_any(value: Any) -> str:
    """The value as JSON writes it, whole numbers alike. Raises InputError for what JSON cannot write."""
    try:
        return json.dumps(_plain(value), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InputError(f"an answer must be what JSON can write. Got {value!r}.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _differ(first: str, second: str) -> float:
    return float(first != second)


@distance("nominal", read=read_any, between=_differ, metric=True, examples=("a", "b", 1, True, ["a"], {"a": 1}))
def nominal(first: Any, second: Any) -> float:
    """0 where the answers are the same, else 1."""
    return _differ(read_any(first), read_any(second))
