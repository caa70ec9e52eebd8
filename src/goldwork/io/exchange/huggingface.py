"""huggingface: a dataset folder of items, everybody's answers, the consensus, and a card that says how they were made.

`data/train-*.parquet` has a row an item: `id`, its fields, `judgements` (a list), `consensus` and `confidence` (by
question). `README.md` is the card. `goldwork.json` has the form, so that the folder is read as what it was;
`datasets.load_dataset` passes over it.

Reference: huggingface.co/docs/hub/datasets-cards, huggingface.co/docs/datasets/repository_structure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Answered, Example, Merged, exchange
from goldwork.io.exchange.dataset_card import Card, Seen
from goldwork.io.exchange.folder import read_small, replacing_folder, write_under
from goldwork.io.parquet import Parquet
from goldwork.io.source import Source
from goldwork.tasks.conversation import read_turns
from goldwork.tasks.questions import ProjectForm, read_form, write_form

ROWS = 50_000
"""Items of one shard."""
GROUP = 1_000
MANIFEST = "goldwork.json"
FORMAT = "goldwork dataset"
MOST_BYTES = 16 * 2**20
OWN = ("id", "judgements", "consensus", "confidence")
"""Columns that are no fields; a field called like one is `field_id`, and so on."""


class _Manifest(msgspec.Struct, frozen=True):
    format: str
    version: int
    form: dict[str, Any]
    columns: dict[str, str]
    shards: int


class HuggingFace:
    """A folder that `datasets.load_dataset` reads."""

    suffixes: tuple[str, ...] = ()
    several = True

    def sniff(self, path: Path) -> bool:
        if not path.is_dir():
            return False
        try:
            return _manifest(path).format == FORMAT
        except InputError:
            return False

    def form(self, path: Path) -> dict[str, Any]:
        _form(path)
        return _manifest(path).form

    def read(self, path: Path) -> Iterator[Example]:
        form, manifest = _form(path), _manifest(path)
        seen: set[str] = set()
        for number in range(manifest.shards):
            source = Source(path / _shard(number, manifest.shards), _shard(number, manifest.shards))
            for chunk in Parquet().read(source):
                for line, *cells in zip(chunk.lines, *chunk.columns.values(), strict=True):
                    row = dict(zip(chunk.columns, cells, strict=True))
                    example = _example(row, form, manifest.columns, source.at(int(line), unit="row"), int(line))
                    if example.id in seen:
                        raise InputError(f"item {example.id[:80]!r} stands twice.", where=source.at(int(line)))
                    seen.add(example.id)
                    yield example

    def losses(self, form: ProjectForm) -> list[str]:
        lost = ["Versions of form and guideline, batches, and which answers were surplus."]
        if images := [field.name for field in form.fields if field.show in ("image", "audio")]:
            lost.append(f"Of {', '.join(images)} it holds the files' names: put the files beside it yourself.")
        return lost

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example], card: Card | None = None) -> None:
        """As the protocol has it; `card` is what only the project knows."""
        given = iter(examples)
        seen = Seen(form)
        with replacing_folder(path) as draft:
            (draft / "data").mkdir()
            columns: dict[str, str] = {}
            drafts = 0
            while (rows := list(itertools.islice(given, ROWS))) or not drafts:
                if not drafts:
                    columns = _columns(form, rows)
                _write_shard(draft / "data" / f"{drafts}.draft", form, columns, rows)
                drafts += 1
                for example in rows:
                    seen.add(example)
            for number in range(drafts):
                (draft / "data" / f"{number}.draft").rename(draft / _shard(number, drafts))
            manifest = _Manifest(FORMAT, 1, write_form(form), columns, drafts)
            write_under(draft, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)).decode() + "\n")
            write_under(draft, "README.md", (card or Card()).text(seen))


exchange("huggingface")(HuggingFace())


def _shard(number: int, of: int) -> str:
    return f"data/train-{number:05}-of-{of:05}.parquet"


def _manifest(path: Path) -> _Manifest:
    data = read_small(path / MANIFEST, MOST_BYTES, MANIFEST)
    try:
        manifest = msgspec.json.decode(data, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"it says not what the folder holds ({str(error)[:200]}).", where=MANIFEST) from None
    if not 0 < manifest.shards < 100_000:
        raise InputError(f"shards must be 1 to 99,999. Got {manifest.shards}.", where=MANIFEST)
    return manifest


def _form(path: Path) -> ProjectForm:
    try:
        return read_form(_manifest(path).form)
    except InputError as error:
        raise error if error.where == MANIFEST else InputError(str(error), where=MANIFEST) from None


# Columns.


def _columns(form: ProjectForm, rows: list[Example]) -> dict[str, str]:
    """By field its column: those of the form, and of the first shard's items."""
    names = dict.fromkeys(field.name for field in form.fields)
    names |= dict.fromkeys(name for example in rows for name in example.fields)
    columns: dict[str, str] = {}
    for name in names:
        column = name
        while column in OWN or column in columns.values() or (column != name and column in names):
            column = f"field_{column}"
        columns[name] = column
    return columns


def _schema(form: ProjectForm, columns: dict[str, str]) -> Any:
    import pyarrow as pa

    shows = form.shows()
    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    judgement = [
        ("annotator", pa.string()), ("kind", pa.string()), ("answers", pa.string()), ("seconds", pa.float64()),
        ("submitted_at", pa.string()),
    ]  # fmt: skip
    kinds = {"text": pa.string(), "number": pa.float64(), "list": pa.list_(pa.string()), "json": pa.string()}
    merged = [(name, kinds[_kind(task)]) for name, task in form.tasks().items()]
    return pa.schema(
        [
            ("id", pa.string()),
            *((column, turns if shows.get(name) == "chat" else pa.string()) for name, column in columns.items()),
            ("judgements", pa.list_(pa.struct(judgement))),
            ("consensus", pa.struct(merged)),
            ("confidence", pa.struct([(name, pa.float64()) for name in form.tasks()])),
        ]
    )


def _kind(task: Any) -> str:
    """What a column of consensus holds: plain values where answers are plain, JSON otherwise."""
    if task.kind == "numbers" or (task.kind == "comparisons" and task.level == "ordinal"):
        return "number"
    if task.kind == "sets":
        return "list"
    return "text" if task.kind in ("choice", "comparisons") else "json"


def _write_shard(path: Path, form: ProjectForm, columns: dict[str, str], rows: list[Example]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    schema = _schema(form, columns)
    with path.open("xb") as stream, pyarrow.parquet.ParquetWriter(stream, schema) as writer:
        for begin in range(0, len(rows), GROUP):
            part = [_row(example, form, columns) for example in rows[begin : begin + GROUP]]
            try:
                writer.write_table(pa.Table.from_pylist(part, schema=schema))
            except UnicodeEncodeError:
                raise InputError("a text holds half a character (a lone surrogate) and cannot be written.") from None


def _row(example: Example, form: ProjectForm, columns: dict[str, str]) -> dict[str, Any]:
    where = f"item {example.id}"
    if unknown := sorted(example.fields.keys() - columns.keys()):
        raise InputError(f"the first {ROWS:,} items have no field {unknown[0]!r}. List the form's fields.", where=where)
    shows, tasks = form.shows(), form.tasks()
    row: dict[str, Any] = {"id": example.id}
    for name, value in example.fields.items():
        row[columns[name]] = read_turns(value or []) if shows.get(name) == "chat" else value
    row["judgements"] = [
        {
            "annotator": answered.annotator,
            "kind": answered.kind,
            "answers": msgspec.json.encode(answered.answers).decode(),
            "seconds": answered.seconds,
            "submitted_at": answered.submitted_at,
        }
        for answered in example.answered
    ]
    row["consensus"] = {name: _told(tasks[name], one.answer) for name, one in example.merged.items() if name in tasks}
    row["confidence"] = {name: one.confidence for name, one in example.merged.items() if name in tasks}
    return row


def _told(task: Any, answer: Any) -> Any:
    if isinstance(answer, dict) and "overall" in answer:  # a comparison by several attributes is merged overall
        answer = answer["overall"]
    kind = _kind(task)
    return msgspec.json.encode(answer).decode() if kind == "json" else float(answer) if kind == "number" else answer


# Reading.


def _example(row: dict[str, Any], form: ProjectForm, columns: dict[str, str], where: str, line: int) -> Example:
    identifier = row.get("id")
    if not isinstance(identifier, str) or not identifier.strip():
        raise InputError(f"an identifier is needed. Got {repr(identifier)[:60]}.", where=f"{where}, column id")
    shows = form.shows()
    fields: dict[str, Any] = {}
    for name, column in columns.items():
        value = row.get(column)
        if value is None:
            continue
        if shows.get(name) == "chat":
            try:
                value = read_turns(value)
            except InputError as error:
                raise InputError(error.message, where=f"{where}, column {column}") from None
        elif not isinstance(value, str):
            raise InputError(f"must be text. Got {repr(value)[:60]}.", where=f"{where}, column {column}")
        fields[name] = value
    shown = {name: value for name, value in fields.items() if shows.get(name) not in ("image", "audio")}
    given = row.get("judgements") or []
    if not isinstance(given, list):
        raise InputError("must be a list.", where=f"{where}, column judgements")
    answered = tuple(_answered(one, form, shown, f"{where}, column judgements") for one in given)
    return Example(identifier, fields, answered, line, _merged(row, form))


def _answered(given: Any, form: ProjectForm, shown: dict[str, Any], where: str) -> Answered:
    try:
        said = msgspec.convert(given, _Judgement)
        answers = form.check(msgspec.json.decode(said.answers, type=dict[str, Any]), shown)
    except AnswerError as error:
        raise InputError(str(error), where=where) from None
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"this is no judgement ({str(error)[:200]}).", where=where) from None
    return Answered(answers, said.annotator, said.kind, said.seconds, said.submitted_at)


class _Judgement(Answered, frozen=True):
    """An answer as a row has it."""

    answers: str  # type: ignore[assignment]  # JSON here


def _merged(row: dict[str, Any], form: ProjectForm) -> dict[str, Merged]:
    """The consensus. What does not fit its question is none."""
    told, confidence = row.get("consensus"), row.get("confidence")
    found: dict[str, Merged] = {}
    for name, task in form.tasks().items():
        answer = told.get(name) if isinstance(told, dict) else None
        sure = confidence.get(name) if isinstance(confidence, dict) else None
        if answer is None:
            continue
        try:
            answer = msgspec.json.decode(answer) if _kind(task) == "json" else answer
            task.validate(answer)
            found[name] = Merged(task.canonical(answer), sure if isinstance(sure, float) else None)
        except (AnswerError, msgspec.DecodeError, TypeError, RecursionError):
            continue
    return found
