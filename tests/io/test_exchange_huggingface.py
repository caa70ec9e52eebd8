"""A dataset folder: rows with all judgements and the consensus, and a card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, Merged, exchange, huggingface, sniff
from goldwork.io.exchange.dataset_card import Card
from goldwork.tasks.questions import read_form

FORM = read_form(
    {
        "fields": [{"name": "id", "show": "text"}, {"name": "talk", "show": "chat"}],
        "questions": [
            {
                "name": "kind",
                "title": "Which kind?",
                "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]},
            },
            {"name": "good", "title": "How good?", "optional": True, "task": {"type": "rating"}},
        ],
    }
)  # fmt: skip
TALK = [{"role": "user", "content": "Hello"}]
CARD = Card('Kinds: of "messages"', "Look twice.", "cc-by-4.0", ("en", "pt-BR"), ("rlhf",), {"kind": "dawid-skene"})


def examples(count: int = 30) -> list[Example]:
    made = []
    for n in range(count):
        right = "ab"[n % 2]
        answered = (
            Answered({"kind": right, "good": 1 + n % 5}, "annotator 1", seconds=1.5),
            Answered({"kind": right if n % 7 else "a"}, "annotator 2"),
            Answered({"kind": "a"}, "gpt", "model"),
        )
        merged = {"kind": Merged(right, 0.9), "good": Merged(1 + n % 5)}
        made.append(Example(f"i{n}", {"id": f"text {n}", "talk": TALK}, answered, merged=merged))
    return made


def write(path: Path, given: list[Example], card: Card | None = None) -> None:
    huggingface.HuggingFace().write(path, FORM, iter(given), card)


def test_all_of_it_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "ROWS", 12)
    write(tmp_path / "set", examples(), CARD)
    assert sorted(path.name for path in (tmp_path / "set" / "data").iterdir()) == [
        f"train-{n:05}-of-00003.parquet" for n in range(3)
    ]
    assert sniff(tmp_path / "set") == "huggingface"
    assert read_form(exchange.get("huggingface").form(tmp_path / "set")) == FORM
    read = list(exchange.get("huggingface").read(tmp_path / "set"))
    assert [one.id for one in read] == [one.id for one in examples()]
    for given, got in zip(examples(), read, strict=True):
        assert (got.fields, got.answered, got.merged) == (given.fields, given.answered, given.merged)


def test_rows_are_plain(tmp_path: Path) -> None:
    write(tmp_path / "set", examples(1))
    [row] = pyarrow.parquet.read_table(tmp_path / "set" / "data").to_pylist()
    assert (row["id"], row["field_id"], row["talk"]) == ("i0", "text 0", TALK)
    assert row["consensus"] == {"kind": "a", "good": 1.0}
    assert row["confidence"] == {"kind": 0.9, "good": None}
    assert [one["annotator"] for one in row["judgements"]] == ["annotator 1", "annotator 2", "gpt"]


def head(path: Path) -> dict[str, Any]:
    """The card's front matter: the YAML that it has, read by hand."""
    [text] = re.findall(r"\A---\n(.*?)\n---\n", (path / "README.md").read_text(), re.DOTALL)
    found: dict[str, Any] = {}
    last = ""
    for line in text.splitlines():
        if line.startswith("- "):
            found[last] = [*(found[last] or []), line[2:].strip('"')]
        elif not line.startswith(" "):
            last, _, value = line.partition(":")
            found[last] = value.strip()
    return found


def test_the_card_says_how_it_was_made(tmp_path: Path) -> None:
    write(tmp_path / "set", examples(), CARD)
    yaml = head(tmp_path / "set")
    assert yaml["license"] == '"cc-by-4.0"'
    assert yaml["pretty_name"] == '"Kinds: of \\"messages\\""'
    assert (yaml["language"], yaml["size_categories"]) == (["en", "pt-BR"], ["n<1K"])
    assert yaml["tags"] == ["human-feedback", "rlhf"]
    card = (tmp_path / "set" / "README.md").read_text()
    assert "30 items, 30 of them judged, by 2 people." in card
    assert re.search(
        r"- 60 answers; Krippendorff's alpha 0\.\d{3} \(95 % interval 0\.\d{3} to 1?0?\.\d{3}\) on 30 items", card
    )
    assert "- consensus by dawid-skene on 30 items" in card
    assert "- 30 answers; agreement cannot be measured" in card
    assert card.endswith("## Guideline\n\nLook twice.\n")
    assert "gpt" not in card


@pytest.mark.parametrize(("count", "size"), [(0, "n<1K"), (999, "n<1K"), (1_000, "1K<n<10K"), (20_000, "10K<n<100K")])
def test_how_many_there_are(count: int, size: str) -> None:
    from goldwork.io.exchange.dataset_card import Seen

    seen = Seen(FORM)
    seen.items = count
    assert f'- "{size}"' in Card().text(seen)


@pytest.mark.parametrize("wrong", [{"licence": "CC BY\n"}, {"languages": ("english",)}, {"tags": ("a\n- b",)}])
def test_what_would_break_the_card_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Card(**wrong)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write(tmp_path / "set", examples(1))
    with pytest.raises(InputError, match="there already"):
        write(tmp_path / "set", examples(1))
    write(tmp_path / "none", [])
    assert list(exchange.get("huggingface").read(tmp_path / "none")) == []


def test_datasets_reads_it(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the dev extra has no datasets; the rows are checked above")
    write(tmp_path / "set", examples(), CARD)
    read = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert list(read) == ["train"]
    assert read["train"].num_rows == 30
    assert read["train"][0]["consensus"] == {"kind": "a", "good": 1.0}
    assert read["train"][1]["talk"] == TALK
