"""The class names in a YOLO `data.yaml`: the little of YAML that such files use, without a YAML package.

Read are `names` as a list or as a mapping from numbers, in lines or in brackets, plain or in quotes. Tags, anchors and
texts of several lines are refused, so that nothing is taken for what it is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from goldwork.errors import InputError

MOST = 10_000
_KEY = re.compile(r"(names|'names'|\"names\")\s*:")
_ENTRY = re.compile(r"(?:-(?:\s+|$)|(\d{1,9}|'\d{1,9}'|\"\d{1,9}\")\s*:(?:\s+|$))", re.ASCII)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"")
_PLAIN = re.compile(r"(?:[^\s#,\[\]{}:]|:(?=[^\s,\[\]{}])|(?<=\S)#|[ \t]+(?=[^\s#]))+")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_NO_TEXT = ("&", "*", "!", "|", ">", "%", "@", "`", "?")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\", "/": "/", " ": " ", "a": "\a", "b": "\b",
            "e": "\x1b", "f": "\f", "v": "\v", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}  # fmt: skip


def read_names(text: str, where: str) -> dict[int, str]:
    """The names by their numbers. Raises InputError with the line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    keys = [number for number, line in enumerate(lines, 1) if _KEY.match(line)]
    if not keys:
        raise InputError(
            "it names no classes. Write names: and under it one line a class, such as 0: cat.", where=where
        )
    if len(keys) > 1:
        raise InputError("names: stands twice.", where=f"{where}, line {keys[1]}")
    number = keys[0]
    rest = lines[number - 1].split(":", 1)[1].strip()
    if rest[:1] in ("[", "{"):
        return _in_brackets("\n".join([rest, *lines[number:]]), where, number)
    if rest and not rest.startswith("#"):
        raise InputError(f"names must be a list. Got {rest[:60]!r}.", where=f"{where}, line {number}")
    return _in_lines(_below(lines, number), where)


def write_names(names: Sequence[str]) -> str:
    """The lines that `read_names` reads back, as every YAML reader does."""
    return "names:\n" + "".join(f"  {number}: {_quote(name)}\n" for number, name in enumerate(names))


def _quote(name: str) -> str:
    """In double quotes. What YAML does not print, and JSON does, is written by its number."""
    return "".join(
        f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 and not sign.isprintable() and sign != " " else sign
        for sign in json.dumps(name, ensure_ascii=False)
    )


def _below(lines: list[str], start: int) -> Iterator[tuple[int, str]]:
    """The lines that belong to the key above, with their numbers."""
    for number, line in enumerate(lines[start:], start + 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace() and not re.match(r"-(\s|$)", line):
            return
        yield number, line.rstrip()


def _in_lines(lines: Iterator[tuple[int, str]], where: str) -> dict[int, str]:
    names: dict[int, str] = {}
    indent = None
    for number, full in lines:
        place = f"{where}, line {number}"
        line = full.lstrip()
        indent = len(full) - len(line) if indent is None else indent
        if len(full) - len(line) != indent:
            raise InputError(f"it stands further in or out than the first class. Got {line[:60]!r}.", where=place)
        entry = _ENTRY.match(line)
        if entry is None:
            raise InputError(f"a class is needed, such as 0: cat or - cat. Got {line[:60]!r}.", where=place)
        name, end = _scalar(line, entry.end(), place, ends="")
        if line[end:].strip() and not line[end:].lstrip().startswith("#"):
            raise InputError(f"one name is needed. Got {line[entry.end() :][:60]!r}.", where=place)
        _add(names, None if entry[1] is None else int(entry[1].strip("'\"")), name, place)
    return names


def _in_brackets(text: str, where: str, line: int) -> dict[int, str]:
    names: dict[int, str] = {}
    closing = {"[": "]", "{": "}"}[text[0]]
    at = _skip(text, 1)
    while True:
        place = f"{where}, line {line + text.count(chr(10), 0, at)}"
        if at >= len(text):
            raise InputError(f"the names do not end with {closing}.", where=place)
        if text[at] == closing:
            return names
        key = None
        if closing == "}":
            entry = _ENTRY.match(text, at)
            if entry is None or entry[1] is None:
                raise InputError(f"a class is needed, such as 0: cat. Got {text[at : at + 40]!r}.", where=place)
            key, at = int(entry[1].strip("'\"")), entry.end()
        name, at = _scalar(text, at, place, ends=",]}")
        _add(names, key, name, place)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif at < len(text) and text[at] != closing:
            raise InputError(f"a comma is needed. Got {text[at : at + 40]!r}.", where=place)


def _skip(text: str, at: int) -> int:
    """Past spaces, new lines and comments."""
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            break
    return at


def _scalar(text: str, at: int, place: str, ends: str) -> tuple[str, int]:
    """The name that begins at `at`, and where it ends."""
    if text[at : at + 1] in ("'", '"'):
        found = _QUOTED.match(text, at)
        if found is None or "\n" in found[0]:
            raise InputError(f"the quotes do not end. Got {text[at : at + 40]!r}.", where=place)
        inner = found[0][1:-1]
        return (inner.replace("''", "'") if found[0][0] == "'" else _unescaped(inner, place)), found.end()
    pattern = _PLAIN if ends else re.compile(r"(?:(?!\s#|:(?:\s|$)).)*", re.DOTALL)
    found = pattern.match(text, at)
    name = found[0].split("\n")[0].strip() if found else ""
    if not name or name == "-" or name.startswith((*_NO_TEXT, "[", "{", "#", "- ")):
        raise InputError(f"a name is needed. Got {text[at : at + 40]!r}.", where=place)
    return name, at + len(found[0].split("\n")[0]) if found else at


def _unescaped(inner: str, place: str) -> str:
    def sign(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            if (number := int(code[1:], 16)) > 0x10FFFF or 0xD800 <= number < 0xE000:
                raise InputError(f"there is no such character: {found[0]}.", where=place)
            return chr(number)
        if code not in _ESCAPES:
            raise InputError(f"there is no such escape: {found[0]!r}.", where=place)
        return _ESCAPES[code]

    return _ESCAPE.sub(sign, inner)


def _add(names: dict[int, str], key: int | None, name: str, place: str) -> None:
    key = len(names) if key is None else key
    if key in names:
        raise InputError(f"class {key} stands twice.", where=place)
    if len(names) >= MOST:
        raise InputError(f"more than {MOST:,} classes.", where=place)
    names[key] = name
