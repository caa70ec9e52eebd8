"""Uploads: files that wait in the home to be imported, and a look at what is in them."""

from __future__ import annotations

import contextlib
import json
import math
import re
import secrets
import time
from pathlib import Path
from typing import Any, Literal

import msgspec

from goldwork import io
from goldwork.errors import InputError, NotFoundError, TooLargeError
from goldwork.io import Source
from goldwork.io.roles import IDENTIFIERS, ROLES, find, plain
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.tasks.conversation import read_turns
from goldwork.tasks.questions import ProjectForm, Show

MAX_UPLOAD = 4 * 2**30
KEPT = 7 * 86_400.0
"""Seconds for which uploads and exports are kept."""
COUNTED = 16 * 2**20
"""Bytes of a file whose rows are counted while one waits; a larger one is counted by its import."""
EXAMPLES = 3
EXAMPLE_LENGTH = 200
LOOKED_AT = 1000
MARKDOWN_SHARE = 0.2

CODE_SHARE = 0.5
CHATS = 20
"""Values of a column that are read as conversations to tell whether it holds any."""

Looks = Literal["id", "text", "markdown", "code", "image", "audio", "chat", "link", "number", "other"]
SHOWN: dict[str, Show] = {show: show for show in ("text", "markdown", "code", "image", "audio", "chat", "link")}
"""What a column looks like that can be shown, and how it is shown then."""

_TOKEN = re.compile(r"[\w-]{22}", re.ASCII)
_MARKDOWN = re.compile(r"^#{1,6} |^[-*+] |^\d+\. |\*\*[^*]+\*\*|```|\[[^\]]+\]\([^)]+\)", re.MULTILINE)
_IMAGE = re.compile(r"data:image/[^\n]*|[^\n]+\.(png|jpe?g|webp|gif)", re.IGNORECASE)
_AUDIO = re.compile(r"data:audio/[^\n]*|[^\n]+\.(wav|mp3|flac|ogg|oga|opus|m4a|aac|weba|webm)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_CODE = re.compile(
    r"^[ \t]*(?:(?:async )?def \w+\(|class \w+[:({ ]|(?:from [\w.]+ )?import [\w.{*]|#include\b|function\b.*[({]|"
    r"(?:const|let|var) \w+ ?=|return\b.*;?$|public |private |SELECT\b.+\bFROM\b|(?:if|for|while) ?\(|#!/)|"
    r"[;{}][ \t]*$",
    re.MULTILINE,
)
_ID = re.compile(r"[\w.:/#-]{1,80}")
_WHOLLY: tuple[tuple[re.Pattern[str], Looks], ...] = ((_LINK, "link"), (_IMAGE, "image"), (_AUDIO, "audio"))
"""What every value of a column looks like, the first that fits."""


class Column(msgspec.Struct, frozen=True):
    """A column of an upload, with a few values and what they look like."""

    name: str
    examples: list[str]
    looks_like: Looks


class SuggestedField(msgspec.Struct, frozen=True):
    """A field of the project and the column that may fill it."""

    name: str
    column: str
    show: Show


class Suggestion(msgspec.Struct, frozen=True):
    """How the columns may be mapped. Without `id`, items are numbered."""

    id: str | None
    fields: list[SuggestedField]


class Look(msgspec.Struct, frozen=True):
    """What an upload holds. `rows` is None where the file is too large to be counted at once."""

    file: str
    name: str
    size: int
    format: str
    rows: int | None
    columns: list[Column]
    suggestion: Suggestion


class Upload:
    """A file that comes in piece by piece: `write` each, then `finish`, or `abort`."""

    def __init__(self, home: Home, project: int, name: str) -> None:
        self.file = secrets.token_urlsafe(16)
        self._folder = home.files / str(project)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._name = _safe(name)
        self._draft = self._folder / f"{self.file}.part"
        self._stream = self._draft.open("xb")
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Add a piece. Raises TooLargeError, after which nothing is left."""
        self._size += len(piece)
        if self._size > MAX_UPLOAD:
            self.abort()
            raise TooLargeError(f"a file may have {MAX_UPLOAD // 2**30} GB. Split it, or pack it with gzip.")
        self._stream.write(piece)

    def finish(self) -> str:
        """Keep the file. Returns the id under which it is looked at and imported."""
        self._stream.close()
        self._draft.rename(self._folder / f"{self.file}.{self._name}")
        return self.file

    def abort(self) -> None:
        """Leave nothing."""
        self._stream.close()
        self._draft.unlink(missing_ok=True)


def find_upload(home: Home, project: int, file: str) -> Source:
    """An upload of a project. Raises NotFoundError."""
    if _TOKEN.fullmatch(file):
        for path in (home.files / str(project)).glob(f"{file}.*"):
            if path.suffix != ".part":
                return Source(path, path.name.split(".", 1)[1])
    raise NotFoundError("there is no such upload. It may be older than a week: upload it again.")


def remove_upload(home: Home, project: int, file: str) -> None:
    """Remove an upload, if it is there."""
    with contextlib.suppress(NotFoundError):
        find_upload(home, project, file).path.unlink(missing_ok=True)


def look(home: Home, project: int, file: str, form: ProjectForm, format: str | None = None) -> Look:
    """What an upload holds and how it may fit the project's form. Raises InputError where it cannot be read."""
    source = find_upload(home, project, file)
    size = source.path.stat().st_size
    found = format or io.sniff(source)
    chunks = io.scan(source, found)
    first = next(chunks, None)
    if first is None:
        raise InputError("the file has a header and no rows.", where=str(source))
    rows = len(first) + sum(len(chunk) for chunk in chunks) if size <= COUNTED else None
    columns = [_look_at(name, list(first.columns[name][:LOOKED_AT])) for name in first.columns]
    return Look(file, str(source), size, found, rows, columns, _suggest(columns, form))


def remove_old_files(_database: Database, home: Home) -> None:
    """Remove uploads and exports older than a week."""
    for folder in (*home.files.iterdir(), *home.exports.iterdir()):
        for path in folder.iterdir() if folder.is_dir() else ():
            if time.time() - path.stat().st_mtime > KEPT:
                path.unlink(missing_ok=True)


def to_text(value: Any) -> str:
    """A cell as an item's field holds it: always text. Missing is empty; structures are JSON."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _safe(name: str) -> str:
    """The last part of a file name, without anything a file system or a header could take amiss."""
    last = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^\w.() -]", "_", last)[-100:].strip(" .") or "upload"


def _look_at(name: str, values: list[Any]) -> Column:
    sample = [value for value in values if to_text(value)]
    texts = [to_text(value) for value in sample]
    examples = [text[:EXAMPLE_LENGTH] for text in dict.fromkeys(texts)][:EXAMPLES]
    return Column(name, examples, _looks_like(name, sample, texts))


def _looks_like(name: str, sample: list[Any], texts: list[str]) -> Looks:
    if sample and _are_chats(texts):
        return "chat"
    if not sample or any(isinstance(value, bool | list | dict) for value in sample):
        return "other"
    for pattern, looks in _WHOLLY:
        if all(pattern.fullmatch(text) for text in texts):
            return looks
    distinct = len(set(texts)) == len(texts)
    # Repeated values in a column of this name are a mistake that the import tells, not a reason to number the items.
    usual = {plain(word) for word in (*IDENTIFIERS, *ROLES["item"])} - ({plain("name")} if not distinct else set())
    if plain(name) in usual and all(_ID.fullmatch(text) for text in texts):
        return "id"
    if all(_is_number(text) for text in texts):
        return "number"
    if distinct and len(texts) > 1 and all(_ID.fullmatch(text) and _has_digit(text) for text in texts):
        return "id"
    if sum(_is_code(text) for text in texts) >= CODE_SHARE * len(texts):
        return "code"
    if sum(bool(_MARKDOWN.search(text)) for text in texts) >= MARKDOWN_SHARE * len(texts):
        return "markdown"
    return "text"


def _are_chats(texts: list[str]) -> bool:
    """Whether every value is a conversation, as far as one looks."""
    try:
        return all(text.lstrip().startswith("[") and read_turns(text) for text in texts[:CHATS])
    except InputError:
        return False


def _is_code(text: str) -> bool:
    """Two lines or more that look like code, and at least every third one does."""
    return len(_CODE.findall(text)) >= max(2, text.count("\n") / 3)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _suggest(columns: list[Column], form: ProjectForm) -> Suggestion:
    names = [column.name for column in columns]
    named_id = find([column.name for column in columns if column.looks_like == "id"], IDENTIFIERS)
    by = named_id or next((column.name for column in columns if column.looks_like == "id"), None)
    free = [column for column in columns if column.name != by]
    shown = [column for column in free if column.looks_like in SHOWN] or free
    if not form.fields:
        return Suggestion(by, [SuggestedField(column.name, column.name, _show(column)) for column in shown])
    fields = []
    for field in form.fields:
        name = find(names, [field.name])
        if name is None:
            name = next((column.name for column in shown if _show(column) == field.show), None)
        if name is None:
            name = next((column.name for column in shown), None)
        if name is not None:
            fields.append(SuggestedField(field.name, name, field.show))
            shown = [column for column in shown if column.name != name]
    return Suggestion(by, fields)


def _show(column: Column) -> Show:
    return SHOWN.get(column.looks_like, "text")


def upload_path(home: Home, project: int, path: Path) -> str:
    """Take a file of this machine as an upload, for the command line. Returns its id."""
    upload = Upload(home, project, path.name)
    try:
        with path.open("rb") as stream:
            while piece := stream.read(2**20):
                upload.write(piece)
    except OSError as error:
        upload.abort()
        raise InputError(f"cannot be read: {error.strerror}.", where=str(path)) from None
    return upload.finish()
