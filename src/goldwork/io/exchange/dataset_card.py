"""The card of a dataset: what Hugging Face reads of its README.md, and what people read of how the data were made."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import msgspec

from goldwork.agreement import measure_agreement
from goldwork.errors import InputError
from goldwork.io.exchange import Example
from goldwork.judgements import Judgements
from goldwork.tasks.questions import ProjectForm

_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|code|multilingual")
_TAG = re.compile(r"[\w:. -]{1,60}")
SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")


class Seen:
    """What of the examples the card tells."""

    def __init__(self, form: ProjectForm) -> None:
        self.form = form
        self.items = self.judged = 0
        self.people: set[str] = set()
        self.answers: Counter[str] = Counter()
        self.merged: Counter[str] = Counter()
        self.table: dict[str, dict[str, list[Any]]] = {
            name: {"item": [], "who": [], "label": []} for name in form.tasks()
        }

    def add(self, example: Example) -> None:
        """One more item."""
        self.items += 1
        self.judged += bool(example.answered)
        self.merged.update(example.merged.keys())
        for answered in example.answered:
            if answered.kind == "human":
                self.people.add(answered.annotator)
                for name, answer in answered.answers.items():
                    self._add(name, example.id, answered.annotator, answer)

    def _add(self, name: str, item: str, who: str, answer: Any) -> None:
        self.answers[name] += 1
        value = self.form.tasks()[name].value(answer)
        if value is not None:
            for column, cell in (("item", item), ("who", who), ("label", value)):
                self.table[name][column].append(cell)

    def agreement(self, name: str) -> str:
        """How far people say the same, with its interval, or why that cannot be told."""
        task, columns = self.form.tasks()[name], self.table[name]
        if not columns["item"]:
            return "nobody answered it"
        try:
            table = Judgements.from_columns(columns, item="item", annotator="who", value="label", duplicates="repeat")
            how: dict[str, Any] = {"distance": task.distance} if task.level == "distance" else {"level": task.level}
            made = measure_agreement(table, "alpha", **how)
        except InputError as error:
            return f"agreement cannot be measured: {error.message}"
        if math.isnan(made.value):
            return f"agreement cannot be measured: {' '.join(made.warnings)}".rstrip(": ")
        return (
            f"Krippendorff's alpha {made.value:.3f} (95 % interval {made.low:.3f} to {made.high:.3f}) on "
            f"{made.items:,} items judged by at least two people"
        )


class Card(msgspec.Struct, frozen=True):
    """What is said beside the data. `methods`: how the consensus of each question was made."""

    name: str = ""
    guideline: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    methods: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.licence and not _LICENCE.fullmatch(self.licence):
            raise InputError(
                f"a licence is called as Hugging Face calls it: cc-by-4.0, mit, other. Got {self.licence!r}."
            )
        for language in self.languages:
            if not _LANGUAGE.fullmatch(language):
                raise InputError(f"a language is a code of two or three letters, as en or pt-BR. Got {language!r}.")
        for tag in self.tags:
            if not _TAG.fullmatch(tag):
                raise InputError(f"a tag has 1 to 60 letters, digits and signs as in rlhf. Got {tag[:60]!r}.")

    def text(self, seen: Seen) -> str:
        """The whole README.md."""
        return "\n".join([*self._head(seen), *self._body(seen)]) + "\n"

    def _head(self, seen: Seen) -> list[str]:
        def listed(name: str, values: tuple[str, ...]) -> list[str]:
            return [f"{name}:", *(f"- {_quoted(value)}" for value in values)] if values else []

        size = SIZES[max(0, min(len(SIZES) - 1, len(str(seen.items)) - 3))]
        return [
            "---",
            *([f"license: {_quoted(self.licence)}"] if self.licence else []),
            *listed("language", self.languages),
            *([f"pretty_name: {_quoted(self.name)}"] if self.name else []),
            *listed("size_categories", (size,)),
            *listed("tags", tuple(dict.fromkeys(("human-feedback", *self.tags)))),
            "configs:",
            "- config_name: default",
            "  data_files:",
            "  - split: train",
            "    path: data/train-*.parquet",
            "---",
        ]

    def _body(self, seen: Seen) -> list[str]:
        made = [
            "",
            f"# {_line(self.name) or 'Human judgements'}",
            "",
            f"{seen.items:,} items, {seen.judged:,} of them judged, by {len(seen.people):,} people.",
            "People are called by pseudonyms.",
            "",
            "A row is an item: `id`, its fields, `judgements` (what each annotator answered, as JSON by question),",
            "`consensus` and `confidence` by question.",
            "",
            "## Questions",
        ]
        for question in seen.form.questions:
            how = self.methods.get(question.name)
            merged = f"consensus by {how}" if how else "consensus"
            made += [
                "",
                f"### {_line(question.title)}",
                "",
                f"`{_line(question.name)}`. {_line(question.help)}".rstrip(),
                "",
                f"- {seen.answers[question.name]:,} answers; {seen.agreement(question.name)}",
                f"- {merged} on {seen.merged[question.name]:,} items"
                if seen.merged[question.name]
                else "- no consensus is in it",
            ]
        guideline = self.guideline.strip() or "There was none."
        return [*made, "", "## Guideline", "", guideline]


def _line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def _quoted(text: str) -> str:
    """A text as YAML: JSON's strings are YAML's."""
    return msgspec.json.encode(text).decode()
