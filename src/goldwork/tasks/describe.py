"""Every task type, described for whoever builds a form: what it is, its settings, settings that work.

All of it follows from the type itself: the sentence from its docstring, the settings' schema from its fields, the
example by filling in what has no default. A task type of another package needs nothing more than its Struct.

    >>> [one.name for one in describe_types()][:3]
    ['boxes', 'chat', 'choice']
    >>> describe("choice").example
    {'type': 'choice', 'classes': [{'value': 'a'}, {'value': 'b'}]}
"""

from __future__ import annotations

import functools
import inspect
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.tasks import TaskType, task_type
from goldwork.tasks.questions import NEEDS

MOST_ENTRIES = 4
"""Entries that a list of an example may have."""
DEEPEST = 6
"""Settings within settings."""


class TypeDescription(msgspec.Struct, frozen=True):
    """A task type. `about`: one sentence. `help`: what its docstring says of the settings.

    `settings`: their JSON schema. `example`: a question's `task` that can be drawn, null where none was found by
    filling in what has no default. `shows`: how a field must be shown that the question works on.
    """

    name: str
    title: str
    about: str
    help: str
    settings: dict[str, Any]
    example: dict[str, Any] | None
    shows: list[str]


def describe_types() -> list[TypeDescription]:
    """Every registered task type, by name."""
    return [describe(name) for name in task_type.names()]


@functools.cache
def describe(name: str) -> TypeDescription:
    """One task type. Raises UnknownNameError."""
    of = task_type.get(name)
    settings = _schema(of)
    example = _example(of, settings)
    return TypeDescription(
        name=name,
        title=name.replace("-", " ").replace("_", " ").capitalize(),
        about=_about(of, name),
        help=inspect.getdoc(of) or "",
        settings=settings,
        example=example,
        shows=_shows(of, example),
    )


def _about(of: type[TaskType], name: str) -> str:
    """The first line of the file, as `name: what it is.`; else the first sentence about the class."""
    first = (inspect.getdoc(sys.modules[of.__module__]) or "").partition("\n")[0]
    if first.startswith(f"{name}:"):
        return _sentence(first.removeprefix(f"{name}:"))
    return _sentence((inspect.getdoc(of) or "").partition("\n\n")[0].replace("\n", " "))


def _sentence(text: str) -> str:
    text = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]
    return text[:1].upper() + text[1:]


def _schema(of: type[TaskType]) -> dict[str, Any]:
    """The settings' JSON schema, references inside `$defs`; any object where msgspec has no schema for a field."""
    try:
        schema = msgspec.json.schema(of)
    except TypeError:
        return {"type": "object"}
    definitions = schema.get("$defs", {})
    top = schema
    while "$ref" in top:
        top = definitions[top["$ref"].rpartition("/")[2]]
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode({**top, "$defs": definitions}))
    plain["properties"] = {key: value for key, value in plain.get("properties", {}).items() if key != "type"}
    plain["required"] = [key for key in plain.get("required", []) if key != "type"]
    return plain


def _shows(of: type[TaskType], example: Mapping[str, Any] | None) -> list[str]:
    if example is None:
        return []
    drawn = msgspec.convert(example, of).form().fields().values()
    return sorted({show for primitive in drawn for show in NEEDS.get(primitive, ())})


# An example.


def _example(of: type[TaskType], schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first settings that the type takes and draws, its lists as short as may be."""
    for entries in range(MOST_ENTRIES + 1):
        for words in (("a", "b", "c", "d"), ("text", "other", "third", "fourth")):
            filled = _Filler(schema.get("$defs", {}), entries, words).fill(schema)
            if not isinstance(filled, dict):
                continue
            settings = {"type": msgspec.json.decode(msgspec.json.encode(_tag(of)))} | filled
            if _works(of, settings):
                return settings
    return None


def _tag(of: type[TaskType]) -> Any:
    config = getattr(of, "__struct_config__", None)
    return getattr(config, "tag", None)


def _works(of: type[TaskType], settings: Mapping[str, Any]) -> bool:
    try:
        msgspec.convert(settings, of).form()
    except (msgspec.ValidationError, InputError, ValueError, LookupError):
        return False
    return True


class _Filler:
    """Values for whatever a schema asks and gives no default."""

    def __init__(self, definitions: Mapping[str, Any], entries: int, words: tuple[str, ...]) -> None:
        self.definitions = definitions
        self.entries = entries
        self.words = words

    def fill(self, schema: Mapping[str, Any], name: str = "", at: int = 0, depth: int = 0) -> Any:
        schema = self._resolved(schema)
        if "default" in schema:
            return schema["default"]
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        if schema.get("anyOf"):
            return self.fill(schema["anyOf"][0], name, at, depth + 1)
        kind = schema.get("type")
        if kind == "object" and depth < DEEPEST:
            asked = schema.get("required", [])
            return {key: self.fill(schema["properties"][key], key, at, depth + 1) for key in asked}
        if kind == "array" and depth < DEEPEST:
            return list(self._entries(schema, name, depth))
        if kind in ("integer", "number"):
            return max(schema.get("minimum", 0), 0)
        if kind == "boolean":
            return False
        return ("text" if name == "field" else self.words[at % len(self.words)]) if kind == "string" else None

    def _entries(self, schema: Mapping[str, Any], name: str, depth: int) -> Iterator[Any]:
        if listed := schema.get("prefixItems"):
            yield from (self.fill(each, name, at, depth + 1) for at, each in enumerate(listed))
            return
        low, high = schema.get("minItems", 0), schema.get("maxItems", MOST_ENTRIES)
        for at in itertools.islice(itertools.count(), min(max(low, self.entries), high)):
            yield self.fill(schema.get("items") or {"type": "string"}, name, at, depth + 1)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema
