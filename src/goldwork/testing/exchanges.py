"""The contract of an exchange format: other tools' files, or folders, with items and answers."""

from __future__ import annotations

import copy
import json
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.io import exchange as exchanges
from goldwork.io.exchange import Answered, Example, exchange
from goldwork.tasks.questions import ProjectForm, read_form
from goldwork.testing.crowds import refusal
from goldwork.testing.formats import damage

DAMAGED = 400
"""Damaged files that a format must bear."""
NEAR = 0.01
"""How far an answer that comes back may be from the one written: what rounding does to a box."""
TEXTS = (
    "Ada Lovelace wrote to Charles in London 🙂 .",
    "Zoe\u0308 and \U0001f469\u200d\U0001f680 Mae flew over Île de Ré today",
    "東京 is larger than São Paulo 👍🏽 they said",
    "The 𝔘nicode 𝒯ext has letters beyond the first plane",
)
JUNK = (
    b"", b" ", b"[", b"{", b"[]", b"{}", b"[{}]", b"null", b"[null]", b"\xff\xfe", b"\xef\xbb\xbf",
    b"\x1f\x8b\x00", b'[{"id": 1e999}]', b'{"text": "\\ud800"}',
    b'[{"data": {}, "annotations": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]",
    b'{"text": "a", "label": ' + b"9" * 5_000 + b"}", b"-DOCSTART- -X- O O\n", b"<annotation>", b"0 1 1 1 1\n" * 3,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0.5, 10**18, 10**30, 1e300, "", " ", "\x00", "x" * 300, "🙂", [], [[]], [None], {}, {"": None},
    ["a", 1], {"start": -1, "end": 10**30},
)  # fmt: skip


class Project:
    """A form of one question, items, and for each of these what two annotators answered."""

    def __init__(
        self, task: dict[str, Any], fields: Sequence[dict[str, str]], answers: Sequence[Sequence[Any]]
    ) -> None:
        shows = {"image": "image", "photo": "image", "talk": "chat"}
        names = dict.fromkeys(name for item in fields for name in item)
        self.kind = str(task["type"])
        self.form = read_form(
            {
                "fields": [{"name": name, "show": shows.get(name, "text")} for name in names],
                "questions": [{"name": "asked", "title": "What is it?", "task": task}],
            }
        )
        self.items = [(f"item-{number}", item) for number, item in enumerate(fields, 1)]
        self.answers = answers

    def examples(self, *, several: bool) -> Iterator[Example]:
        """The items with their answers, in canonical form."""
        task = self.form.tasks()["asked"]
        for (identifier, fields), answers in zip(self.items, self.answers, strict=True):
            people = answers if several else answers[:1]
            names = ("ann@example.org", "bob@example.org") if several else ("",)
            answered = [
                Answered({"asked": task.canonical(answer)}, name) for name, answer in zip(names, people, strict=False)
            ]
            yield Example(identifier, dict(fields), tuple(answered))


def _spans(text: str, *words: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"start": text.index(w), "end": text.index(w) + len(w), "label": label} for w, label in words]


def _box(x: float, y: float, width: float, height: float, label: str) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "label": label}


def projects() -> list[Project]:
    """A project of every task type that other tools have."""
    texts = [{"text": text} for text in TEXTS]
    sides = [{"one": text, "two": text[::-1]} for text in TEXTS]
    images = [{"image": f"item-{n}.png", "image_width": "640", "image_height": "480"} for n in (1, 2)]
    classes = [{"value": "person"}, {"value": "place"}]
    one, two, three, four = (item["text"] for item in texts)
    spans = [
        [_spans(one, ("Ada Lovelace", "person"), ("London", "place")), _spans(one, ("🙂", "place"))],
        [_spans(two, ("Zoe\u0308", "person"), ("Île de Ré", "place")), _spans(two, ("Mae", "person"))],
        [_spans(three, ("東京", "place"), ("São Paulo", "place")), _spans(three, ("they", "person"))],
        [_spans(four, ("𝔘nicode 𝒯ext", "person")), _spans(four, ("plane", "place"))],
    ]
    boxes = [
        [[_box(10, 20, 30.5, 40.25, "person"), _box(0, 0, 640, 480, "place")], [_box(9, 20, 31, 40, "person")]],
        [[_box(600.13, 1, 39.87, 3, "place")], [_box(1, 2, 3, 4, "person"), _box(5, 6, 7, 8, "person")]],
    ]
    words = [["one good reason is enough", "this is why, I say"], ["it rains all day 🌧"] * 2, ["yes, very much so"] * 2]
    return [
        Project({"type": "choice", "classes": classes}, texts, [["person", "place"], ["place"] * 2] * 2),
        Project(
            {"type": "choices", "classes": classes}, texts, [[["person"], ["person", "place"]], [["place"]] * 2] * 2
        ),
        Project({"type": "rating"}, texts, [[1, 5], [3, 3], [4, 5], [2, 1]]),
        Project({"type": "text"}, texts, [*words, ["no reason that I know of"] * 2]),
        Project({"type": "spans", "field": "text", "classes": classes}, texts, spans),
        Project({"type": "boxes", "field": "image", "classes": classes}, images, boxes),
        Project({"type": "compare", "fields": ["one", "two"]}, sides, [["first", "second"], ["second"] * 2] * 2),
        Project(
            {"type": "rank", "fields": ["one", "two"]},
            sides,
            [[[["one"], ["two"]], [["two"], ["one"]]], [[["two"], ["one"]]] * 2] * 2,
        ),
    ]


def _path(name: str, folder: str) -> Path:
    return Path(folder) / f"out{(*exchange.get(name).suffixes, '')[0]}"


def _held(name: str) -> Iterator[Project]:
    """The projects that the format says it holds."""
    for project in projects():
        if not refusal(partial(exchange.get(name).losses, project.form)):
            yield project


def _write(name: str, project: Project, path: Path) -> list[Example]:
    written = list(project.examples(several=exchange.get(name).several))
    exchange.get(name).write(path, project.form, iter(written))
    return written


def losses_are_sentences(name: str) -> None:
    """What is lost is said in sentences; of what it cannot hold at all, nothing is written."""
    held = list(_held(name))
    assert held, "a format must hold one task type at least"
    for project in held:
        for sentence in exchange.get(name).losses(project.form):
            assert sentence[:1].isupper(), f"a loss must be a sentence: {sentence!r}"
            assert sentence.endswith("."), f"a loss must be a sentence: {sentence!r}"
    for project in projects():
        if project.kind not in {other.kind for other in held}:
            with tempfile.TemporaryDirectory() as folder:
                assert refusal(partial(_write, name, project, _path(name, folder))), "what it does not hold is refused"
                assert not list(Path(folder).iterdir()), "a refused project must leave nothing"


def answers_come_back(name: str) -> None:
    """What is written is read: every item, its fields, and every annotator's answer."""
    format_ = exchange.get(name)
    for project in _held(name):
        with tempfile.TemporaryDirectory() as folder:
            path = _path(name, folder)
            written = _write(name, project, path)
            form = read_form(format_.form(path))
            read = list(format_.read(path))
        assert len(read) == len(written), f"{project.kind}: {len(written)} items were written and {len(read)} read"
        by_id = {example.id: example for example in read}
        if set(by_id) == {example.id for example in written}:
            read = [by_id[example.id] for example in written]
        for given, got in zip(written, read, strict=True):
            lost = set(given.fields.values()) - set(got.fields.values())
            assert not lost, f"{project.kind}: fields must come back. Lost: {lost}."
            _same_answers(project, form, given.answered, got.answered, several=format_.several)


def _same_answers(
    project: Project, form: ProjectForm, given: Iterable[Answered], got: Iterable[Answered], *, several: bool
) -> None:
    task, read = project.form.tasks()["asked"], list(got)
    for answered in read:
        form.check(answered.answers)
    for position, answered in enumerate(given):
        answer = answered.answers["asked"]
        mine = (
            [one for one in read if one.annotator == answered.annotator] if several else read[position : position + 1]
        )
        assert len(mine) == 1, f"{project.kind}: {answered.annotator or 'the answer'} must come back once. Got {mine}."
        values = list(mine[0].answers.values())
        assert len(values) == 1, f"{project.kind}: one question was answered. Got {mine[0].answers}."
        apart = task.distance(task.value(answer), task.value(task.canonical(values[0])))
        assert apart <= NEAR, f"{project.kind}: {answer!r} came back as {values[0]!r}"


def bytes_are_the_same(name: str) -> None:
    """The same project gives the same bytes."""
    for project in _held(name):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            trees = []
            for folder in (one, other):
                _write(name, project, _path(name, folder))
                trees.append(_tree(Path(folder)))
            assert trees[0] == trees[1], f"{project.kind}: the same project must give the same bytes"


def it_knows_its_own(name: str) -> None:
    """What it wrote is taken for its own and by no other format; arbitrary bytes are not."""
    for project in _held(name):
        with tempfile.TemporaryDirectory() as folder:
            path = _path(name, folder)
            _write(name, project, path)
            assert exchanges.sniff(path) == name, f"{project.kind}: it is taken for {exchanges.sniff(path)}"
    with tempfile.TemporaryDirectory() as folder:
        path = _path(name, folder)
        path.write_bytes(bytes(range(256)))
        assert not exchange.get(name).sniff(path), "arbitrary bytes must not be recognised"
        path.unlink()
        assert not exchange.get(name).sniff(path), "what is not there must not be recognised"


def failed_output_leaves_nothing(name: str) -> None:
    """Where the examples end in an error, it is passed on, and nothing is there."""
    project = next(_held(name))

    def broken() -> Iterator[Example]:
        yield from project.examples(several=False)
        raise InputError("the last one is broken.")

    with tempfile.TemporaryDirectory() as folder:
        said = refusal(partial(exchange.get(name).write, _path(name, folder), project.form, broken()))
        assert said == "the last one is broken.", "an error must be passed on"
        assert not list(Path(folder).iterdir()), "a failed write must leave nothing"


def damage_is_refused_politely(name: str) -> None:
    """Junk, damaged bytes and values of other types are read or refused by InputError; nothing else is raised."""
    dice = random.Random(7)
    trees = []
    for project in _held(name):
        with tempfile.TemporaryDirectory() as folder:
            _write(name, project, _path(name, folder))
            trees.append(_tree(Path(folder)))
    for number in range(DAMAGED):
        tree = dict(dice.choice(trees))
        at = dice.choice(sorted(tree))
        if number < len(JUNK):
            tree[at] = JUNK[number]
        elif number % 2:
            tree[at] = damage(tree[at], dice)
        else:
            tree[at] = _misvalued(tree[at], dice)
        _bear(name, tree, f"damaged file {number}")


def _bear(name: str, tree: dict[str, bytes], what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for part, content in tree.items():
            target = Path(folder) / part
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        path = _path(name, folder)
        steps: list[Callable[[], Any]] = [
            lambda: exchange.get(name).sniff(path),
            lambda: read_form(exchange.get(name).form(path)),
            lambda: list(exchange.get(name).read(path)),
        ]
        for step in steps:
            try:
                step()
            except InputError:
                continue
            except Exception as error:
                raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error


def _misvalued(content: bytes, dice: random.Random) -> bytes:
    """JSON with one value replaced by another kind of value; other content damaged."""
    rows = content.splitlines() if content[:1] == b"{" else [content]
    at = dice.randrange(len(rows)) if rows else 0
    try:
        value = json.loads(rows[at])
    except (ValueError, IndexError):
        return damage(content, dice)
    rows[at] = json.dumps(_replaced(copy.deepcopy(value), dice)).encode()
    return b"\n".join(rows)


def _replaced(value: Any, dice: random.Random) -> Any:
    """One value somewhere inside, replaced; the deeper, the likelier."""
    keys: Any = sorted(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    if not len(keys) or dice.random() < 0.15:
        return dice.choice(VALUES)
    key = dice.choice(keys)
    value[key] = _replaced(value[key], dice)
    return value


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def forms_are_json(name: str) -> None:
    """The form that is derived is plain JSON, and the same every time."""
    for project in _held(name):
        with tempfile.TemporaryDirectory() as folder:
            path = _path(name, folder)
            _write(name, project, path)
            form = exchange.get(name).form(path)
            assert msgspec.json.decode(msgspec.json.encode(form)) == form, "the form must be JSON"
            assert form == exchange.get(name).form(path), "the same file must give the same form"


EXCHANGE_CHECKS: Sequence[Callable[[str], None]] = (
    losses_are_sentences,
    answers_come_back,
    bytes_are_the_same,
    it_knows_its_own,
    failed_output_leaves_nothing,
    damage_is_refused_politely,
    forms_are_json,
)


def check_exchange(name: str) -> None:
    """Run every check over the registered exchange format called `name`."""
    for check in EXCHANGE_CHECKS:
        check(name)
