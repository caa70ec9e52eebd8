"""Reading conversations: lists of turns, each of a role.

>>> read_turns('[{"role": "user", "content": "Hello"}]')
[{'role': 'user', 'content': 'Hello'}]
"""

from __future__ import annotations

from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.tasks.writing import is_text

ROLES = ("system", "user", "assistant", "tool")
MOST_TURNS = 500
MOST_CHARACTERS = 100_000


def read_turns(value: Any) -> list[dict[str, str]]:
    """The turns of a conversation, as JSON text or as data. Raises InputError naming the turn and what it lacks."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise InputError(f"a conversation must be a JSON list of turns: {error}") from None
        except RecursionError:
            raise InputError("a conversation must be a JSON list of turns. This one is nested too deeply.") from None
    if not isinstance(value, list) or len(value) > MOST_TURNS:
        raise InputError(f"a conversation must be a list of up to {MOST_TURNS} turns. Got {str(value)[:40]!r}.")
    return [_turn(turn, place) for place, turn in enumerate(value, 1)]


def _turn(turn: Any, place: int) -> dict[str, str]:
    if not isinstance(turn, dict) or not {"role", "content"} <= turn.keys():
        raise InputError(f"turn {place} must be an object with role and content. Got {str(turn)[:40]!r}.")
    role, content = turn["role"], turn["content"]
    if role not in ROLES:
        raise InputError(f"turn {place}: the role must be one of {', '.join(ROLES)}. Got {str(role)[:40]!r}.")
    if not isinstance(content, str) or len(content) > MOST_CHARACTERS or not is_text(content):
        raise InputError(f"turn {place}: the content must be text of up to {MOST_CHARACTERS:,} characters.")
    return {"role": role, "content": content}
