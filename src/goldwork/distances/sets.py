"""Reading sets: lists of options in any order, each counted once."""

from __future__ import annotations

from typing import Any

from goldwork.errors import InputError


def read_set(value: Any) -> frozenset[str | int]:
    """The options of a set. Raises InputError unless `value` is a list of texts or whole numbers."""
    if not isinstance(value, list | tuple | set | frozenset):
        raise InputError(f"a set must be a list of options. Got {value!r}.")
    return frozenset(read_option(option) for option in value)


def read_option(option: Any) -> str | int:
    """An option's name, text or a whole number. Raises InputError for anything else."""
    if isinstance(option, float) and option.is_integer():
        return int(option)
    if isinstance(option, bool) or not isinstance(option, str | int):
        raise InputError(f"an option must be text or a whole number. Got {option!r}.")
    return option
