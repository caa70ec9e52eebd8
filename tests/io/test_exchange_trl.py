"""TRL's rows: exactly the shapes of its documentation, out and in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, sniff
from goldwork.tasks.questions import ProjectForm, read_form

ASKS = [{"role": "user", "content": "What color is the sky?"}]
BLUE = [{"role": "assistant", "content": "It is blue."}]
GREEN = [{"role": "assistant", "content": "It is green."}]
# huggingface.co/docs/trl/dataset_formats, "Overview of the dataset formats and types".
DOCUMENTED: dict[str, list[dict[str, Any]]] = {
    "trl-preference": [
        {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."},
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
        {"prompt": ASKS, "chosen": BLUE, "rejected": GREEN},
    ],
    "trl-prompt-completion": [
        {"prompt": "The sky is", "completion": " blue."},
        {"prompt": ASKS, "completion": BLUE},
    ],
    "trl-conversational": [{"messages": [*ASKS, *BLUE]}],
}
CASES = [(name, row) for name, rows in DOCUMENTED.items() for row in rows]


def form(task: dict[str, Any], **fields: str) -> ProjectForm:
    shown = [{"name": name, "show": show} for name, show in fields.items()]
    return read_form({"fields": shown, "questions": [{"name": "q", "title": "Q?", "task": task}]})


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(tmp_path: Path, name: str, of: ProjectForm, items: Sequence[tuple[dict[str, Any], Sequence[Any]]]) -> Any:
    examples = [
        Example(str(n), fields, tuple(Answered({"q": answer}) for answer in answers))
        for n, (fields, answers) in enumerate(items)
    ]
    exchange.get(name).write(tmp_path / "out.jsonl", of, iter(examples))
    return rows(tmp_path / "out.jsonl")


@pytest.mark.parametrize(("name", "row"), CASES)
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_documented_rows_come_back_as_they_are(name: str, row: dict[str, Any], suffix: str, tmp_path: Path) -> None:
    path, again = tmp_path / "given.jsonl", tmp_path / f"again{suffix}"
    path.write_text(json.dumps(row) + "\n")
    assert sniff(path) == name
    read_as = read_form(exchange.get(name).form(path))
    [example] = exchange.get(name).read(path)
    assert len(example.answered) == 1
    exchange.get(name).write(again, read_as, iter([example]))
    assert sniff(again) == name
    if suffix == ".parquet":
        assert pyarrow.parquet.read_table(again).to_pylist() == [row]
        assert read_form(exchange.get(name).form(again)) == read_as
    else:
        assert rows(again) == [row]
        assert list(exchange.get(name).read(again)) == [example]


PAIR = {"type": "compare", "fields": ["one", "two"]}


def test_every_judgement_or_the_consensus_makes_a_row_and_ties_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of = form(PAIR | {"both_bad": True}, ask="text", one="text", two="text")
    fields = {"ask": "Why?", "one": "So.", "two": "Thus."}
    made = write(tmp_path, "trl-preference", of, [(fields, ["first", "second", "tie", "bad"])])
    assert made == [
        {"prompt": "Why?", "chosen": " So.", "rejected": " Thus."},
        {"prompt": "Why?", "chosen": " Thus.", "rejected": " So."},
    ]
    assert "2 answers say that neither is better" in caplog.text
    assert any("no row" in sentence for sentence in exchange.get("trl-preference").losses(of))


def test_strengths_and_attributes_are_taken_by_their_side(tmp_path: Path) -> None:
    of = form(PAIR | {"strength": 3, "attributes": [{"name": "safe"}]}, one="text", two="text")
    answers = [{"overall": -3, "safe": 0}, {"overall": 1, "safe": 0}, 2]  # the last is how it is merged
    made = write(tmp_path, "trl-preference", of, [({"one": "A", "two": "B"}, answers)])
    assert [row["chosen"] for row in made] == ["A", "B", "B"]
    assert all(set(row) == {"chosen", "rejected"} for row in made)


def test_conversations_share_their_beginning_as_the_prompt(tmp_path: Path) -> None:
    of = form(PAIR, one="chat", two="chat")
    fields = {"one": [*ASKS, *BLUE], "two": json.dumps([*ASKS, *GREEN])}
    assert write(tmp_path, "trl-preference", of, [(fields, ["second"])]) == [
        {"prompt": ASKS, "chosen": GREEN, "rejected": BLUE}
    ]


def test_a_conversation_makes_texts_turns(tmp_path: Path) -> None:
    of = form(PAIR, talk="chat", one="text", two="text", photo="image")
    fields = {"talk": ASKS, "one": "It is blue.", "two": "It is green.", "photo": "sky.png"}
    assert write(tmp_path, "trl-preference", of, [(fields, ["first"])]) == [
        {"prompt": ASKS, "chosen": BLUE, "rejected": GREEN}
    ]
    assert "What is no text is left out: photo." in exchange.get("trl-preference").losses(of)


def test_several_fields_become_one_prompt(tmp_path: Path) -> None:
    of = form({"type": "text"}, system="text", ask="text")
    made = write(tmp_path, "trl-prompt-completion", of, [({"system": "Be brief.", "ask": "Why?"}, ["So."])])
    assert made == [{"prompt": "Be brief.\n\nWhy?", "completion": " So."}]
    assert any("system, ask become one prompt" in one for one in exchange.get("trl-prompt-completion").losses(of))


def test_edited_conversations(tmp_path: Path) -> None:
    of = form({"type": "chat", "field": "talk", "mode": "edit"}, talk="chat")
    item = {"talk": [*ASKS, *GREEN]}
    assert write(tmp_path, "trl-conversational", of, [(item, [[*ASKS, *BLUE]])]) == [{"messages": [*ASKS, *BLUE]}]
    assert write(tmp_path, "trl-prompt-completion", of, [(item, [[*ASKS, *BLUE]])]) == [
        {"prompt": ASKS, "completion": BLUE}
    ]


def test_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    of = form(PAIR, one="text", two="text")
    with pytest.raises(InputError, match="no answer makes a row"):
        write(tmp_path, "trl-preference", of, [({"one": "A", "two": "B"}, ["tie"])])
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="comparisons only"):
        exchange.get("trl-preference").losses(form({"type": "text"}, ask="text"))


@pytest.mark.parametrize(
    ("name", "lines", "match"),
    [
        ("trl-preference", [{"prompt": "a", "chosen": "b", "rejected": BLUE}], "all columns must be texts"),
        ("trl-preference", [{"prompt": "a", "chosen": "b"}], "column rejected: there is none"),
        ("trl-preference", [{"chosen": 3, "rejected": "b"}], "column chosen"),
        ("trl-prompt-completion", [{"prompt": "a", "completion": BLUE}], "all columns must be texts"),
        ("trl-conversational", [{"messages": "hello"}], "must be a list of turns"),
        ("trl-conversational", [{"messages": [{"role": "user"}]}], "turn 1"),
        ("trl-conversational", [{"messages": BLUE}, {"messages": "x"}], "line 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(name: str, lines: list[Any], match: str, tmp_path: Path) -> None:
    path = tmp_path / "given.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match=match):
        list(exchange.get(name).read(path))


def test_other_columns_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "given.jsonl"
    path.write_text(json.dumps({"chosen": "a", "rejected": "b", "score_chosen": 3}) + "\n")
    assert len(list(exchange.get("trl-preference").read(path))) == 1
    assert "column score_chosen is left out (1 times)" in caplog.text
