"""Any text and any spans come back the same from every format that names its fields as it likes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.io.exchange import Answered, Example, exchange
from goldwork.tasks.questions import read_form

NAMES = ("argilla", "doccano", "label-studio", "prodigy")
LETTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from('🙂👩\u200d🚀\u0308𝔘\u202e\r\n\t"\\[]{}')
FORM = read_form(
    {
        "fields": [{"name": "text"}],
        "questions": [
            {
                "name": "spans",
                "title": "s",
                "task": {
                    "type": "spans",
                    "field": "text",
                    "classes": [{"value": "a"}, {"value": "b c"}, {"value": "ü🙂"}],
                    "overlap": True,
                },
            }
        ],
    }
)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    text = draw(st.text(LETTERS, min_size=1, max_size=30))
    places = st.tuples(
        st.integers(0, len(text) - 1), st.integers(1, len(text)), st.sampled_from(["a", "b c", "ü🙂"])
    ).filter(lambda place: place[0] < place[1])
    drawn = draw(st.lists(places, min_size=1, max_size=6, unique=True))
    return text, [{"start": start, "end": end, "label": label} for start, end, label in sorted(drawn)]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(items=st.lists(marked(), min_size=1, max_size=5))
def test_any_spans_come_back(name: str, items: list[tuple[str, list[dict[str, Any]]]]) -> None:
    given_examples = [
        Example(f"item {number}", {"text": text}, (Answered({"spans": spans}, "" if name == "doccano" else "ann"),))
        for number, (text, spans) in enumerate(items)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        exchange.get(name).write(path, FORM, given_examples)
        read = list(exchange.get(name).read(path))
    assert [example.id for example in read] == [example.id for example in given_examples]
    for mine, theirs in zip(given_examples, read, strict=True):
        assert theirs.fields == mine.fields
        assert [list(one.answers.values()) for one in theirs.answered] == [[mine.answered[0].answers["spans"]]]
