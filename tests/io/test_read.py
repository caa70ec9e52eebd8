"""Reading tables: what is recognised, what is refused and in which words."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

import goldwork
from goldwork import io
from goldwork.errors import InputError
from goldwork.io import columns as columns_module
from goldwork.io import csv, parquet, source
from goldwork.io.roles import ROLES, find
from goldwork.io.tables import same

PLAIN = "item,annotator,label\na,ann,x\na,bob,y\nb,ann,x\n"


def put(folder: Path, content: bytes | str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        goldwork.read(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", PLAIN),
        ("x.csv", "\ufeff" + PLAIN),
        ("x.csv", PLAIN.replace("\n", "\r\n")),
        ("x.csv", PLAIN.replace("\n", "\r")),
        ("x.csv", PLAIN.replace("\n", "\n\n") + "\n\n"),
        ("x.csv", PLAIN.rstrip()),
        ("x.csv", PLAIN.replace(",", ";")),
        ("x.tsv", PLAIN.replace(",", "\t")),
        ("x.txt", PLAIN.replace(",", "|")),
        ("x", PLAIN.replace(",", "\t")),
        ("x.csv", '"item","annotator","label"\n"a","ann","x"\n"a","bob","y"\n"b","ann","x"\n'),
        ("x.csv", "Task ID,WorkerId,my_Answer\n".replace("my_", "") + PLAIN.split("\n", 1)[1]),
        ("x.csv", "_unit_id,_worker_id,rating\n" + PLAIN.split("\n", 1)[1]),
        ("x.csv", "item,label,extra,annotator\na,x,1,ann\na,y,,bob\nb,x,3,ann\n"),
        ("x.jsonl", '{"item":"a","user":"p","label":"x"}\n\n{"user":"bob","item":"a","label":"y"}\n'.replace("p", "ann")
         + '{"item":"b","user":"ann","label":"x"}'),
    ],
)  # fmt: skip
def test_the_usual_files_need_no_options(tmp_path: Path, name: str, content: str) -> None:
    expected = goldwork.read(put(tmp_path, PLAIN, "expected.csv"))
    assert same(goldwork.read(put(tmp_path, content, name)), expected)
    assert same(goldwork.read(put(tmp_path, gzip.compress(content.encode()), name + ".gz")), expected)


@pytest.mark.parametrize("name", ["x.parquet", "x.jsonl", "x.tsv", "x.csv.gz", "x.jsonl.gz", "x.nothing"])
def test_what_is_written_by_name_is_read(tmp_path: Path, name: str) -> None:
    expected = goldwork.read(put(tmp_path, PLAIN))
    io.write(tmp_path / name, expected.to_columns())
    assert same(goldwork.read(tmp_path / name), expected)


def test_columns_are_named_where_they_are_unusual(tmp_path: Path) -> None:
    path = put(tmp_path, "doc,who,verdict,part\na,ann,x,p\na,bob,y,p\n")
    said = refusal(path)
    assert said.startswith("labels.csv: no column is called item")
    assert "doc, who, verdict, part" in said
    assert "--item NAME" in said
    table = goldwork.read(path, item="doc", annotator="who", label="verdict", question="part")
    assert (list(table.questions), len(table)) == (["p"], 2)
    assert "there is no column 'nope'" in refusal(path, item="nope")


def test_guesses_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "goldwork")
    goldwork.read(put(tmp_path, PLAIN.replace("item", "task").replace("label", "answer")))
    assert "item from 'task', annotator from 'annotator', label from 'answer'" in caplog.text


def test_the_first_of_several_candidates_is_taken() -> None:
    assert find(["score", "Label", "rating"], ROLES["label"]) == "Label"
    assert find(["ITEM-ID", "item"], ROLES["item"]) == "item"
    assert find(["Worker Id"], ROLES["annotator"]) == "Worker Id"
    assert find([], ROLES["item"]) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PLAIN + "c,ann\n", "line 5: 2 cells where the header has 3"),
        (PLAIN + "c,ann,x,y\n", "line 5: 4 cells where the header has 3"),
        (PLAIN + '"c\nd",ann,x\ne\n', "line 7: 1 cell where the header has 3"),
        (PLAIN + 'c,"ann,x\n', "line 5: a double quote opened in this row is not closed"),
        (PLAIN + 'c,"ann"x,x\n', "line 5: something stands between a closing double quote"),
        (PLAIN + ",ann,x\n", "line 5, column 'item': an identifier"),
        (PLAIN + "\n\nb,ann,y\n", "line 7 repeats line 4: item 'b', annotator 'ann'"),
        ("item,annotator,label,seconds\na,ann,x,fast\n", "line 2, column 'seconds': a number"),
        ("item,item,label\n", "line 1: two columns are called 'item'"),
        ("item,,label\n", "line 1: column 2 has no name"),
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("[{}]", "one JSON array"),
        ('{"item":1}\n{"item":\n', "line 2: one JSON object is needed"),
        ('{"item":1}\n3\n', "line 2: one JSON object is needed"),
        (f'{{"item":{"[" * 5000}', "line 1: one JSON object is needed"),
        ('{"item":"a","annotator":["x"],"label":"x"}', "line 1, column 'annotator': an identifier"),
        (b"item,annotator,label\na,b,\xe9\n", "line 2: byte 0xe9 at position 5 is not UTF-8"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (b"item,annotator,label\na,b,\0\n", "NUL"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-12], "gzip data is damaged"),
        (b"PAR1" + b"x" * 100, "cannot be read as Parquet"),
    ],
)
def test_errors_name_file_line_column_and_mend(tmp_path: Path, content: bytes | str, said: str) -> None:
    message = refusal(put(tmp_path, content))
    assert message.startswith("labels.csv")
    assert said in message


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.csv")
    assert "folder" in refusal(tmp_path)


def test_large_files_are_split_and_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow reads what has no quotes; where it stops, the standard library goes on from the same row."""
    monkeypatch.setattr(csv, "SMALL", 0)
    monkeypatch.setattr(csv, "BLOCK", 1000)
    header, rows = "item,annotator,label\n", [f"i{n},w{n % 7},c{n % 3}\n" for n in range(500)]
    expected = goldwork.read(put(tmp_path, header + "".join(rows)))
    for end in ("\r\n", "\n"):
        content = (header + "".join(rows)).replace("\n", end)
        assert same(goldwork.read(put(tmp_path, content)), expected)
    quoted = [*rows[:300], '"i300",w6,c0\n', *rows[301:]]
    assert same(goldwork.read(put(tmp_path, header + "".join(quoted))), expected)
    assert "line 402: 2 cells" in refusal(put(tmp_path, header + "".join([*rows[:400], "x,y\n", *rows[400:]])))
    late = header + "".join(rows) + "i0,w0,c1\n"
    assert "line 502 repeats line 2" in refusal(put(tmp_path, late))
    assert "position 4 is not UTF-8" in refusal(put(tmp_path, (header + "".join(rows)).encode() + b"a,b\xff,c\n"))
    blank = header + "".join([*rows[:200], "\n", *rows[200:]])
    assert same(goldwork.read(put(tmp_path, blank)), expected)


def test_duplicates_are_chosen(tmp_path: Path) -> None:
    path = put(tmp_path, "item,annotator,label,submitted_at\na,ann,x,2026-02-01\na,ann,y,2026-01-01\n")
    assert goldwork.read(path, duplicates="first").labels().tolist() == ["y"]
    assert goldwork.read(path, duplicates="last").labels().tolist() == ["x"]
    assert len(goldwork.read(path, duplicates="repeat")) == 2


def test_structured_labels_come_back(tmp_path: Path) -> None:
    labels = [[1, 2], {"a": "x"}]
    for name in ("x.csv", "x.jsonl", "x.parquet"):
        io.write(tmp_path / name, {"item": ["a", "b"], "annotator": ["p", "p"], "label": labels})
        assert goldwork.read(tmp_path / name).labels().tolist() == labels


def test_rows_without_a_label_are_left_out_and_said(tmp_path: Path) -> None:
    reading = io.read_labels(put(tmp_path, PLAIN + "c,ann,\n"))
    assert (len(reading.table), reading.table.missing) == (3, 1)
    assert "1 rows without a label" in reading.sentence()


def test_a_column_called_kind_counts_only_where_it_says_kinds(tmp_path: Path) -> None:
    table = goldwork.read(put(tmp_path, "item,annotator,label,kind\na,ann,x,human\na,gpt,y,model\n"))
    assert table.kinds == ("human", "model")
    table = goldwork.read(put(tmp_path, "item,annotator,label,kind\na,ann,x,fruit\na,bob,y,nut\n"))
    assert table.kinds == ("human", "human")


def test_items_and_judgements_fit_together(tmp_path: Path) -> None:
    labels = put(tmp_path, PLAIN)
    items = put(tmp_path, "id,text\na,first\nb,second\n", "items.csv")
    assert len(goldwork.read(labels, items=items)) == 3
    assert io.read_items(items).payload("b") == {"text": "second"}
    some = put(tmp_path, "id,text\na,first\n", "some.csv")
    assert "1 judged items are not among the items given, first 'b'" in refusal(labels, items=some)
    with pytest.raises(InputError, match=r"twice.csv: line 3, column 'id': item 'a' stands in line 2"):
        io.read_items(put(tmp_path, "id,text\na,1\na,2\n", "twice.csv"))
    with pytest.raises(InputError, match="no column holds"):
        io.read_items(put(tmp_path, "text,other\na,1\n", "none.csv"))


def test_gold_takes_the_types_of_the_table(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"item": n, "annotator": "x", "label": n % 2}) + "\n" for n in range(4))
    table = goldwork.read(put(tmp_path, lines, "x.jsonl"))
    gold = put(tmp_path, "item,truth\n0,1\n1,\n2,0\n", "gold.csv")
    assert io.read_gold(gold, table) == {0: 1, 2: 0}
    with pytest.raises(InputError, match=r"gold.csv, line 3, column truth: item 0 has the known answer 1 and 0"):
        io.read_gold(put(tmp_path, "item,truth\n0,1\n0,0\n", "gold.csv"), table)
    with pytest.raises(InputError, match="are needed"):
        io.read_gold(put(tmp_path, "a,b\n0,1\n", "gold.csv"), table)


# Limits.


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FREE_UNPACKED", 100_000)
    bomb = gzip.compress(b"item,annotator,label\n" + b"a,b,c\n" * 500_000)
    assert "more than 250 times its size" in refusal(put(tmp_path, bomb, "x.csv.gz"))


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_lines_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for module in (csv, io.format.get("jsonl").__class__.read.__globals__):
        if isinstance(module, dict):
            monkeypatch.setitem(module, "MAX_LINE", 1000)
        else:
            monkeypatch.setattr(module, "MAX_LINE", 1000)
    content = PLAIN + "c,ann," + "x" * 2000 if name == "x.csv" else '{"item":"' + "x" * 2000
    assert "is longer than 1,000" in refusal(put(tmp_path, content, name))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_large_cells_come_in_small_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    columns = {"id": [str(n) for n in range(40)], "text": [str(n) * 1000 + ',"' for n in range(40)]}
    io.write(tmp_path / f"x.{suffix}", columns)
    for module in (columns_module, parquet):
        monkeypatch.setattr(module, "MAX_CHUNK", 10_000)
    chunks = list(io.scan(io.Source(tmp_path / f"x.{suffix}")))
    assert len(chunks) > 4
    assert [value for chunk in chunks for value in chunk.columns["text"]] == columns["text"]


def test_too_many_columns(tmp_path: Path) -> None:
    wide = ",".join(f"c{n}" for n in range(3000))
    assert "columns; 2,000 are allowed" in refusal(put(tmp_path, f"{wide}\n"))
    assert "more than 2,000 different names" in refusal(
        put(tmp_path, json.dumps({f"c{n}": 1 for n in range(3000)}), "x.jsonl")
    )


# Writing.


def test_writing_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    path = put(tmp_path, "old")
    with pytest.raises(InputError):
        io.write(path, {"a": ["fine", "\ud800"]})
    assert path.read_text() == "old"
    io.write(path, {"a": ["=1+1", "new"]})
    assert path.read_text() == "a\n=1+1\nnew\n"
    assert [one.name for one in tmp_path.iterdir()] == ["labels.csv"]
    with pytest.raises(InputError, match="cannot be written"):
        io.write(tmp_path / "no" / "x.csv", {"a": [1]})


def test_infinite_numbers_are_no_json(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written as JSON"):
        io.write(tmp_path / "x.jsonl", {"a": [float("inf")]})
    assert not list(tmp_path.iterdir())
