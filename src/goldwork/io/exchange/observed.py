"""The form that a file's answers imply, for formats that hold answers and no questions.

A format parses its records into `Parsed`; a first pass over the file observes which questions were answered, and how;
the form follows from that, and with it what an answer looks like in the second pass. What is observed is bounded.
"""

from __future__ import annotations

import abc
import itertools
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example
from goldwork.io.exchange.image_size import SIZE
from goldwork.io.exchange.seen import Seen
from goldwork.tasks.questions import MAX_FIELDS, ProjectForm, read_form

IMAGE = re.compile(r"data:image/\S+|[^\n]{1,400}\.(png|jpe?g|webp|gif|bmp|tiff?)([?#]\S*)?", re.IGNORECASE)
REGIONS = ("spans", "boxes")
"""Kinds of which an annotation without any says that there are none."""
Kind = Literal[
    "classes", "paths", "word", "words", "lines", "none", "number", "text", "spans", "boxes", "pair", "order"
]


class Said(msgspec.Struct, frozen=True):
    """What was answered to one question, before it is known how all of them look.

    - `classes`: a list of classes; `paths`: a list of classes, each with those it stands under
    - `word`: a class or a text; `words`: a list of classes or an order of fields
    - `lines`: a list of classes, or of texts, each of which is an answer of its own
    - `none`: an empty list, of whatever
    - others as the task types have them

    `fields`: what it is about.
    """

    kind: Kind
    value: Any
    fields: tuple[str, ...] = ()


class Speaker(msgspec.Struct, frozen=True):
    """One annotator's answers by question. `complete`: where no region is said, there is none."""

    said: dict[str, Said]
    annotator: str = ""
    kind: Literal["human", "model", "gold"] = "human"
    seconds: float | None = None
    submitted_at: str | None = None
    complete: bool = True


class Parsed(msgspec.Struct, frozen=True):
    """One item as a format's records say it; `where` is its place for people."""

    id: str
    fields: dict[str, Any]
    speakers: list[Speaker]
    where: str
    line: int = 0
    sizes: dict[str, tuple[float, float]] = {}


Left = Counter[str]
"""What a format leaves out of the file, in sentences, and how often."""
Parse = Callable[[Path, Left], Iterator[Parsed]]


class Observed:
    """The questions and fields of a file."""

    def __init__(self) -> None:
        self.questions: dict[str, Seen] = {}
        self.shows: dict[str, str] = {}
        self.empty: Counter[str] = Counter()
        self.sets = 0
        self.complete = True

    def add(self, item: Parsed) -> None:
        for name, value in item.fields.items():
            self._show(name, value)
            if len(self.shows) > MAX_FIELDS:
                raise InputError(f"the items have more than {MAX_FIELDS} different fields.", where=item.where)
        for speaker in item.speakers:
            self.sets += 1
            self.complete &= speaker.complete
            for name, said in speaker.said.items():
                if len(name) > 100 or not name.strip() or not name.isprintable():
                    raise InputError(f"a question needs a name of up to 100 printable characters. Got {name[:50]!r}.")
                if said.kind == "none":
                    self.empty[name] += 1
                    continue
                seen = self.questions.setdefault(name, Seen(said.kind, said.fields))
                if (seen.kind, seen.fields) != (said.kind, said.fields):
                    raise InputError(
                        f"question {name!r} is answered by {said.kind} about {', '.join(said.fields) or 'the item'} "
                        f"here, and by {seen.kind} about {', '.join(seen.fields) or 'the item'} before.",
                        where=item.where,
                    )
                seen.add(said.value)

    def _show(self, name: str, value: Any) -> None:
        """A field is an image or a conversation where all of its values are."""
        if value != "":
            like = "chat" if isinstance(value, list) else "image" if IMAGE.fullmatch(value) else "text"
            before = self.shows.get(name) or like
            if before != like and "chat" in (before, like):
                raise InputError(f"field {name!r} is a conversation in one item and text in another.")
            self.shows[name] = like if before == like else "text"
        elif name not in self.shows:
            self.shows[name] = ""

    def settle(self) -> None:
        """When all items were added: what empty answers were is known now."""
        for name, count in self.empty.items():
            if name in self.questions:
                self.questions[name].add_empty(count)

    def form(self, path: Path) -> dict[str, Any]:
        """The form, as `read_form` takes it. Raises InputError where it cannot be one."""
        if not self.questions:
            raise InputError("there are no answers in it. Import it as items.", where=path.name)
        unseen = SIZE if any(seen.kind == "boxes" for seen in self.questions.values()) else ()
        shows = {name: show or "text" for name, show in self.shows.items() if name not in unseen}
        questions = []
        for name, seen in self.questions.items():
            task = seen.task(set(shows))
            needs = {"boxes": "image", "spans": "text"}.get(seen.kind)
            shows |= dict.fromkeys(seen.fields, needs) if needs else {}
            counted = self.sets if seen.kind in REGIONS and self.complete else seen.answers
            optional = {"optional": True} if counted < self.sets else {}
            questions.append({"name": name, "title": name, "task": task, **optional})
        fields = [{"name": name, "show": show} for name, show in shows.items()]
        form = {"fields": fields, "questions": questions}
        try:
            read_form(form)
        except InputError as error:
            raise InputError(error.message, where=path.name) from None
        return form

    def example(self, item: Parsed, form: ProjectForm | None) -> Example:
        """The item with its answers as the form asks them. Raises InputError for one that does not fit."""
        fields = {**item.fields}
        shows = {} if form is None else form.shows()
        for seen in self.questions.values():
            if seen.is_order(set(shows)):
                fields |= {name: "" for name in seen.ranked() if name not in fields}
        shown: dict[str, Any] = {name: value for name, value in fields.items() if shows.get(name) != "image"}
        shown |= {name: {"width": width, "height": height} for name, (width, height) in item.sizes.items()}
        answered = []
        for speaker in itertools.chain.from_iterable(map(self._each, item.speakers)):
            answers = {
                name: self.questions[name].shape(said.value, set(shows))
                for name, said in speaker.said.items()
                if name in self.questions
            }
            if speaker.complete:
                answers |= {n: [] for n, seen in self.questions.items() if seen.kind in REGIONS and n not in answers}
            if form is None or not answers:
                continue
            try:
                answers = form.check(answers, shown)
            except InputError as error:
                raise InputError(error.message, where=item.where) from None
            answered.append(
                Answered(answers, speaker.annotator, speaker.kind, speaker.seconds, speaker.submitted_at),
            )
        return Example(item.id, fields, tuple(answered), item.line)

    def _each(self, speaker: Speaker) -> Iterator[Speaker]:
        """The speaker; and one more, called by a number, for each further text that was given."""
        yield speaker
        for name, said in speaker.said.items():
            if said.kind == "lines" and self.questions[name].is_text():
                for number, line in enumerate(said.value[1:], 2):
                    more = Said(said.kind, [line], said.fields)
                    yield msgspec.structs.replace(speaker, said={name: more}, annotator=f"{speaker.annotator}{number}")


def observe(parse: Parse, path: Path) -> Observed:
    """The first pass."""
    observed = Observed()
    for item in parse(path, Left()):
        try:
            observed.add(item)
        except InputError as error:
            raise error if error.where else InputError(error.message, where=item.where) from None
    observed.settle()
    return observed


def examples(parse: Parse, path: Path) -> Iterator[Example]:
    """Both passes. What was left out is said at the end, in the log `goldwork`."""
    observed = observe(parse, path)
    form = read_form(observed.form(path)) if observed.questions else None
    left = Left()
    for item in parse(path, left):
        yield observed.example(item, form)
    for sentence, count in left.items():
        logging.getLogger("goldwork").warning("%s: %s (%s times)", path.name, sentence, f"{count:,}")


class AnswersOnly(abc.ABC):
    """The reading of a format whose files hold answers and no questions."""

    @abc.abstractmethod
    def parse(self, path: Path, left: Left) -> Iterator[Parsed]:
        """The items as the file's records say them. What is left out is counted in `left`."""

    def form(self, path: Path) -> dict[str, Any]:
        """The form that the answers imply."""
        return observe(self.parse, path).form(path)

    def read(self, path: Path) -> Iterator[Example]:
        """The items, with answers as that form asks for them."""
        return examples(self.parse, path)
