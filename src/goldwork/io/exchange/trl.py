"""trl-preference, trl-prompt-completion, trl-conversational: what TRL's trainers read, as JSON Lines or Parquet.

- preference: `{"prompt", "chosen", "rejected"}` of comparisons, for DPO and reward models
- prompt-completion: `{"prompt", "completion"}` of written texts and turns, for supervised fine-tuning
- conversational: `{"messages": [...]}` of conversations that were continued or edited

With a conversation among the fields, every column is a list of turns; otherwise every one is a text, and a space stands
before what comes after the prompt, for TRL puts the two together as they are. Each answer makes a row. Which of two the
item names first is told by the order of a row's keys, which means nothing to other tools.

Reference: huggingface.co/docs/trl/dataset_formats.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Answered, Example, exchange, trl_rows
from goldwork.io.exchange.held import general, held
from goldwork.io.exchange.streams import Record
from goldwork.io.exchange.trl_rows import Said, Turns, common, said, split
from goldwork.tasks.chat import Chat
from goldwork.tasks.compare import OVERALL, Compare
from goldwork.tasks.conversation import read_turns
from goldwork.tasks.questions import ProjectForm, Question, read_form
from goldwork.tasks.text import MOST, Text

Kind = Literal["preference", "prompt-completion", "conversational"]
PAIR = ("first", "second")
NEEDS: dict[Kind, tuple[str, ...]] = {
    "preference": ("chosen", "rejected"),
    "prompt-completion": ("prompt", "completion"),
    "conversational": ("messages",),
}
TIE = "answers say that neither is better, and are left out"
EMPTY = "answers are about a field that is empty, and are left out"
OPEN = "conversations do not end with the assistant, and are left out"
Row = dict[str, Said]


class Trl:
    """One of the three kinds of rows."""

    several = False

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = kind
        self.suffixes = (".jsonl", *trl_rows.PARQUET)

    def sniff(self, path: Path) -> bool:
        return path.is_file() and set(NEEDS[self.kind]) <= set(trl_rows.columns(path))

    def form(self, path: Path) -> dict[str, Any]:
        return _Shape(self.kind, path).form()

    def read(self, path: Path) -> Iterator[Example]:
        return _Shape(self.kind, path).examples()

    def losses(self, form: ProjectForm) -> list[str]:
        question = self._question(form)
        lost = [*general(form, [question], self._unheld), *_lost(self.kind, question, form)]
        return [*lost, "Who answered and when, and items' identifiers; items without an answer are left out."]

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        rows = _Rows(self.kind, self._question(form), form)
        trl_rows.write(path, rows.of(examples))
        for sentence, count in rows.left.items():
            logging.getLogger("goldwork").warning("%s: %s %s", path.name, f"{count:,}", sentence)

    def _question(self, form: ProjectForm) -> Question:
        return held(form, self._unheld)[0]

    def _unheld(self, task: Any) -> str:
        if self.kind == "preference":
            return "" if isinstance(task, Compare) else "it holds comparisons only"
        if isinstance(task, Chat):
            return "it holds no ratings of turns" if task.mode == "rate" else ""
        if self.kind == "conversational":
            return "it holds conversations only"
        if isinstance(task, Text):
            return "it has no text in parts" if task.parts else ""
        return "it holds texts and turns that were written only"


for _kind in NEEDS:
    exchange(f"trl-{_kind}", each=True)(Trl(_kind))


def _lost(kind: Kind, question: Question, form: ProjectForm) -> Iterator[str]:
    task = question.task
    if kind == "preference":
        yield "Answers that neither is better make no row; how many, is said when it is written."
        if task.strength or task.attributes:
            yield "How strong a preference is, and what is said beside the overall one."
    elif isinstance(task, Chat):
        yield "Which of the assistant's last turns were written or edited."
    prompts = _prompts(form.shows(), task, None)
    if len(prompts) > 1:
        yield f"Fields {', '.join(prompts)} become one prompt, with an empty line between."
    if images := [field.name for field in form.fields if field.show in ("image", "audio")]:
        yield f"What is no text is left out: {', '.join(images)}."
    yield "Names of fields and of the question."


def _drawn(task: Any) -> tuple[str, ...]:
    """The fields that the question itself is about."""
    return tuple(task.form().fields())


def _prompts(shows: dict[str, str], task: Any, example: Example | None) -> list[str]:
    """The fields that make the prompt, beside a conversation that is gone on with."""
    names = list(shows) or ([] if example is None else list(example.fields))
    return [name for name in names if name not in _drawn(task) and shows.get(name) not in ("image", "audio")]


class _Rows:
    """Makes rows of answers, and counts what makes none."""

    def __init__(self, kind: Kind, question: Question, form: ProjectForm) -> None:
        self.question, self.task, self.shows = question.name, question.task, form.shows()
        self.left: Counter[str] = Counter()
        self.prompts: list[str] | None = None
        involved = {*_drawn(self.task), *_prompts(self.shows, self.task, None)}
        self.turns = isinstance(self.task, Chat) or any(self.shows.get(name) == "chat" for name in involved)
        self.row: Callable[[Example, Any], Row | None] = {
            "preference": self._preference,
            "prompt-completion": self._completion,
            "conversational": self._messages,
        }[kind]

    def of(self, examples: Iterable[Example]) -> Iterator[Row]:
        for example in examples:
            if self.prompts is None:
                self.prompts = _prompts(self.shows, self.task, example)
            for answered in example.answered:
                if self.question in answered.answers:
                    row = self.row(example, answered.answers[self.question])
                    if row is not None:
                        yield row

    def _preference(self, example: Example, answer: Any) -> Row | None:
        side = _side(answer)
        if side is None:
            self.left[TIE] += 1
            return None
        if not all(example.fields.get(name) for name in self.task.fields):
            self.left[EMPTY] += 1
            return None
        names = ("chosen", "rejected") if side == 0 else ("rejected", "chosen")
        if not self.turns:
            text = self._joined(example)
            row: Row = {"prompt": text} if self.prompts else {}
            return row | {
                name: _after(text, self._text(example, of)) for name, of in zip(names, self.task.fields, strict=True)
            }
        first, second = (self._turns(example, name) for name in self.task.fields)
        prompt = self._prompt(example)
        if not self.prompts:
            at = common(first, second)
            prompt, first, second = first[:at], first[at:], second[at:]
        return {"prompt": prompt, names[0]: first, names[1]: second}

    def _completion(self, example: Example, answer: Any) -> Row | None:
        if isinstance(self.task, Chat):
            prompt, completion = split(self._conversation(example, answer))
            if not completion or not prompt:
                self.left[OPEN] += 1
                return None
            return {"prompt": prompt, "completion": completion}
        if not self.turns:
            text = self._joined(example)
            return {"prompt": text, "completion": _after(text, answer)}
        return {"prompt": self._prompt(example), "completion": [{"role": "assistant", "content": answer}]}

    def _messages(self, example: Example, answer: Any) -> Row | None:
        turns = self._conversation(example, answer)
        if not split(turns)[1]:
            self.left[OPEN] += 1
            return None
        return {"messages": turns}

    def _conversation(self, example: Example, answer: Turns) -> Turns:
        """All of it, with what was written at its end or edited in it, after the other fields."""
        given = self._turns(example, self.task.field) if self.task.mode == "write" else []
        return [*self._prompt(example), *given, *answer]

    def _joined(self, example: Example) -> str:
        """The prompt as a text."""
        return "\n\n".join(text for name in self.prompts or () if (text := self._text(example, name)))

    def _prompt(self, example: Example) -> Turns:
        """The prompt as turns: those of conversations, and the user's of other fields."""
        turns: Turns = []
        for name in self.prompts or ():
            given = self._turns(example, name)
            turns += given if self.shows.get(name) == "chat" else [turn | {"role": "user"} for turn in given]
        return turns

    def _text(self, example: Example, name: str) -> str:
        value = example.fields.get(name) or ""
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def _turns(self, example: Example, name: str) -> Turns:
        """A conversation; of a text one turn of the assistant's."""
        if self.shows.get(name) != "chat":
            text = self._text(example, name)
            return [{"role": "assistant", "content": text}] if text else []
        try:
            return read_turns(example.fields.get(name) or [])
        except InputError as error:
            raise InputError(error.message, where=f"item {example.id}, field {name}") from None


def _side(answer: Any) -> int | None:
    """0 or 1 by which of the two is better; None for neither."""
    overall = answer.get(OVERALL) if isinstance(answer, dict) else answer
    if isinstance(overall, int | float):
        return None if not overall else int(overall > 0)
    return {"first": 0, "second": 1}.get(str(overall))


def _after(prompt: str, text: str) -> str:
    """A text as it stands after the prompt: TRL puts the two together as they are, so a space comes between."""
    return text if not prompt or prompt[-1].isspace() or text[:1].isspace() else f" {text}"


def _apart(prompt: Said, said: Said) -> Said:
    """A text without the space that stands between it and the prompt."""
    return said[1:] if isinstance(said, str) and prompt and said[:1] == " " and said[1:2].strip() else said


class _Shape:
    """What a file's rows are, found in a first pass; and the items of a second one."""

    def __init__(self, kind: Kind, path: Path) -> None:
        self.kind, self.path = kind, path
        self.kinds: dict[str, type] = {}
        self.most = self.least = 0
        self.longest = 0
        self.answers = self.rows = 0
        self.others: Counter[str] = Counter()

    def form(self) -> dict[str, Any]:
        for record in trl_rows.read(self.path):
            self._look(record)
        if not self.rows:
            raise InputError("there are no rows in it.", where=self.path.name)
        made = self._form()
        read_form(made)
        return made

    def examples(self) -> Iterator[Example]:
        form = read_form(self.form())
        for record in trl_rows.read(self.path):
            fields, answers = self._item(record)
            try:
                answers = form.check(answers, fields) if answers else {}
            except AnswerError as error:
                raise InputError(error.message, where=record.where) from None
            answered = (Answered(answers),) if answers else ()
            yield Example(str(record.line), fields, answered, record.line)
        for name, count in self.others.items():
            logging.getLogger("goldwork").warning(
                "%s: column %s is left out (%s times)", self.path.name, name[:80], f"{count:,}"
            )

    def _look(self, record: Record) -> None:
        self.rows += 1
        fields, answers = self._item(record, count=True)
        for name, value in fields.items():
            if value != "" and self.kinds.setdefault(name, type(value)) is not type(value):
                raise InputError("a conversation in one row is a text in another.", where=f"{record.where}, {name}")
        for answer in answers.values():
            self.answers += 1
            self.longest = max(self.longest, len(answer))
            if self.kind != "preference" and self.kinds.setdefault("", type(answer)) is not type(answer):
                raise InputError("a conversation in one row is a text in another.", where=record.where)

    def _item(self, record: Record, *, count: bool = False) -> tuple[dict[str, Said], dict[str, Any]]:
        """The fields and the answer of a row."""
        row, where = record.value, f"{record.where}, column"
        if missing := [name for name in NEEDS[self.kind] if row.get(name) is None]:
            raise InputError("there is none in this row.", where=f"{where} {missing[0]}")
        if count:
            self.others.update(name for name in row if name not in (*NEEDS[self.kind], "prompt"))
        got = {name: said(row[name], f"{where} {name}") for name in (*NEEDS[self.kind], "prompt") if row.get(name)}
        if len({type(value) for value in got.values()}) > 1:
            raise InputError("all columns must be texts, or all of them conversations.", where=record.where)
        empty: dict[str, Said] = dict.fromkeys(NEEDS[self.kind], "")
        got = empty | got
        prompt = got.get("prompt", "")
        if self.kind == "preference":
            first, second = sorted(NEEDS[self.kind], key=list(row).index)
            fields = {"prompt": prompt} if prompt else {}
            sides = {"first": _apart(prompt, got[first]), "second": _apart(prompt, got[second])}
            answer = "first" if first == "chosen" else "second"
            return fields | sides, {"preferred": answer}
        if self.kind == "prompt-completion":
            written = _apart(prompt, got["completion"])
            return {"prompt": prompt}, {"completion": written} if _is_answer(written) else {}
        if not isinstance(got["messages"], list):
            raise InputError("must be a list of turns.", where=f"{where} messages")
        before, after = split(got["messages"])
        return {"messages": before}, {"answer": after} if _is_answer(after) else {}

    def _form(self) -> dict[str, Any]:
        shows = {name: "chat" if kind is list else "text" for name, kind in self.kinds.items() if name}
        if self.kind == "preference":
            names = [name for name in ("prompt", *PAIR) if name in shows or name in PAIR]
            task: dict[str, Any] = {"type": "compare", "fields": list(PAIR)}
            question: dict[str, Any] = {"name": "preferred", "title": "Which is better?", "task": task}
        else:
            names = ["prompt" if self.kind == "prompt-completion" else "messages"]
            if self.kind == "conversational" or self.kinds.get("") is list:
                shows[names[0]] = "chat"
                task = {"type": "chat", "field": names[0], "mode": "write", "high": max(1, self.longest)}
            else:
                task = {"type": "text", "high": max(10_000, min(self.longest, MOST))}
            name = "completion" if self.kind == "prompt-completion" else "answer"
            question = {"name": name, "title": "What is a good answer?", "task": task}
            if self.answers < self.rows:
                question["optional"] = True
        return {"fields": [{"name": n, "show": shows.get(n, "text")} for n in names], "questions": [question]}


def _is_answer(value: Said) -> bool:
    """Whether something was written."""
    if isinstance(value, str):
        return bool(value.strip())
    return bool(value) and all(turn["role"] == "assistant" and turn["content"].strip() for turn in value)
