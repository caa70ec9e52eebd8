"""conll and spacy: what they hold comes back, and others' files are read as they are meant."""

from __future__ import annotations

import base64
import json
import random
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, docbin, exchange, sniff
from goldwork.io.exchange.tokens import marked, words
from goldwork.tasks.questions import read_form
from tests.io.exchange_samples import plain, spans_form, text

MANY = [f"PERSON-{number}·é🙂" for number in range(60)]
HARD = [
    text("empty", ""),
    text("spaces", " \n\t "),
    text("symbols", "\n\nPERSON case num  _ mark  X\tIDX FLAG19 ", (2, 8, "PERSON"), (9, 13, "case"), (19, 20, "a b")),
    text(
        "marks",
        "e\u0301te\u0301 👩‍👩‍👧 👍🏽 naïve 漢字 ไทย a\u00a0b",
        (0, 5, "case"),
        (6, 11, "PERSON"),
        (21, 22, "a b"),
    ),
    text("lines", " Anna\nB 🙂 X ORTH acl", (1, 7, "PERSON")),
    text("none", "nothing here, really."),
]


def written(path: Path, name: str, form: Any, examples: Any, suffix: str = "") -> Path:
    target = path / ("all" + (suffix or exchange.get(name).suffixes[0]))
    exchange.get(name).write(target, form, examples)
    return target


@pytest.mark.parametrize("suffix", [".jsonl", ".spacy"])
def test_spacy_holds_texts_and_spans(suffix: str, tmp_path: Path) -> None:
    form = spans_form("PERSON", "case", "a b")
    examples = [*HARD, Example("open", {"text": "nobody knows"})]
    path = written(tmp_path, "spacy", form, examples, suffix)
    assert plain(exchange.get("spacy").read(path)) == plain(examples)
    assert sniff(path) == "spacy"
    task = read_form(exchange.get("spacy").form(path)).questions[0].task
    assert [one.value for one in task.classes] == ["PERSON", "a b", "case"]
    assert not task.overlap


@pytest.mark.parametrize("suffix", [".jsonl", ".spacy", ".conll"])
def test_many_classes(suffix: str, tmp_path: Path) -> None:
    name = "conll" if suffix == ".conll" else "spacy"
    dice = random.Random(4)
    examples = []
    for number in range(80):
        parts = [dice.choice(["a", "bé", "漢", "🙂", ",", "Zz9"]) for _ in range(dice.randint(1, 30))]
        spans, at = [], 0
        for part in parts:
            if dice.random() < 0.4:
                spans.append((at, at + len(part), dice.choice(MANY)))
            at += len(part) + 1
        examples.append(text(str(number + 1), " ".join(parts), *spans))
    path = written(tmp_path, name, spans_form(*MANY), examples, suffix)
    assert plain(exchange.get(name).read(path)) == plain(examples)
    again = written(tmp_path, name, spans_form(*MANY), iter(examples), ".again" + suffix)
    assert again.read_bytes() == path.read_bytes()


def test_spacy_lines_hold_spans_that_overlap(tmp_path: Path) -> None:
    form = spans_form("A", "B", overlap=True)
    examples = [text("1", "one two three", (0, 7, "A"), (4, 7, "A"), (4, 7, "B"), (4, 9, "B"))]
    path = written(tmp_path, "spacy", form, examples)
    assert plain(exchange.get("spacy").read(path)) == plain(examples)
    assert read_form(exchange.get("spacy").form(path)).questions[0].task.overlap
    for name, suffix in (("spacy", ".spacy"), ("conll", ".conll")):
        path = written(tmp_path, name, form, examples, suffix)
        [example] = exchange.get(name).read(path)
        assert example.answered[0].answers["spans"] == [{"start": 0, "end": 7, "label": "A"}]  # equal: the first


def test_spacy_of_others_is_read(tmp_path: Path) -> None:
    """SpaCy 2's pairs, lines without identifiers, and one that nobody has annotated."""
    path = tmp_path / "train.jsonl"
    path.write_text(
        '["Anna 🙂 Köln", {"entities": [[7, 11, "GPE"], [0, 4, "PERSON"]]}]\n\n'
        '{"text": "Köln", "entities": [[0, 4, "GPE"]]}\n{"text": "Bonn"}\n'
    )
    assert sniff(path) == "spacy"
    told = [(one.id, one.line, one.answered) for one in exchange.get("spacy").read(path)]
    place = {"start": 7, "end": 11, "label": "GPE"}
    assert told == [
        ("1", 1, (Answered({"spans": [{"start": 0, "end": 4, "label": "PERSON"}, place]}),)),
        ("2", 3, (Answered({"spans": [{"start": 0, "end": 4, "label": "GPE"}]}),)),
        ("3", 4, ()),
    ]


THEIRS = """
eJzrXF6WWlScmZ+32EDPcGliSUlR8VxHZ08vbx9fP/+As4xHzjIePct4bFlJfnZqXvFRNomH3+I+ClS0TVuRefHL177XfxgIAGYoXcOIKs6IoRIVCP5w
O/TZKrMMRhOyh4mQAhzgjpNFcoDts2Mwmlb2XJ2sLxbZtZppiqj73LXus44QUo8r3AiB/9GqXb6L13CZ7lXNzup99pqQepjxpNrzSvxlZZ1JLC+MJqSe
3HBL3nR7su6+NZowmlb2pEYzxgQdbvr6vW7x+ecXDyUQUg+LnwYSw+2oxYzOKd+4tWE0IfXk+mfRoTU+b27Wr4fRtLInbWqxVfzX2IP2eo8WVdoK7CPX
HkLBmF20NWpG71ZWGE2uPYQAn6ixbsH3ngIYTUg9LB2gqyfkn7s32d88SuNk+nMjRdTw5YWvZDqXoD3TU16/Kf4cs/GuqGrg+Tk9WwmZB/NPKon2LCsu
SExOLT7Cz8jACFQLxiDx5TmpeeklGcVHRLgYILHCiISXF5cUZealF99hkFqwkGuhwkK9ZY55eU75SUuAVOJiEMOtKDV1sXuA61Lvw9ty8pb75ZdkAHUs
C3ANCvb3Wxqcm1mSsTBiSSJQ+TIgkZSftBiIlyQnFqcuSQNqXZKRWpS6KDNvaTZI++Lc1JLleRAjlhaD9C75MH9mE1B5SfHUBhBYmpaTmF48tXFTRmJx
fGledl5+eV48xG+HaCG4GkjnxacX5ZcWFE89wjgBGQEAmS8hbg==
"""


def test_a_docbin_by_spacy_is_read(tmp_path: Path) -> None:
    """Made by spaCy 3.8.18: `blank("en")`, `Doc.set_ents`, `DocBin(store_user_data=False)`."""
    path = tmp_path / "train.spacy"
    path.write_bytes(base64.b64decode(THEIRS))
    expected = [
        text("1", "Anna  met Bob Smith\nin Köln 🙂.", (0, 4, "PERSON"), (10, 19, "PERSON"), (23, 27, "GPE")),
        text("2", "Nothing here"),
        text("3", "case", (0, 4, "case")),
        Example("4", {"text": "Free"}),
        text("5", "AnnBob", (0, 6, "X")),
    ]
    assert list(exchange.get("spacy").read(path)) == expected


NUMBERS = {
    "case": 8110129090154140942,
    "Anna": 10846488766732760801,
    "Köln 🙂": 3844237671344007727,
    "12345678": 9871996032675327904,
    "123456789": 2056675840866671865,
    "漢": 7563337151094331208,
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": 3277802408181849336,
}


def test_numbers_are_spacys() -> None:
    """spacy.strings.get_string_id of spaCy 3.8.18."""
    told = {"": 0, "PERSON": 380, "_": 456, "IDX": 455, "FLAG19": 19} | NUMBERS
    assert {string: docbin.number_of(string) for string in told} == told


def test_a_docbin_is_as_spacy_writes_it(tmp_path: Path) -> None:
    """The parts by name and the rows of the arrays, with which spaCy 3.8.18 gives the same texts and entities."""
    path = written(tmp_path, "spacy", spans_form("PERSON"), [text("7", "Anna  met", (0, 4, "PERSON"))], ".spacy")
    content = msgspec.msgpack.decode(zlib.decompress(path.read_bytes()))
    assert content["attrs"] == [65, 77, 78]
    rows = np.frombuffer(content["tokens"], "<u8").reshape(-1, 3).tolist()
    assert rows == [[docbin.number_of("Anna"), 3, 380], [docbin.number_of(" "), 2, 0], [docbin.number_of("met"), 2, 0]]
    assert content["spaces"] == b"\1\0\0"
    assert content["strings"] == ["", " ", "Anna", "PERSON", "met"]
    assert np.frombuffer(content["lengths"], "<i4").tolist() == [3]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": 5}', r"train\.jsonl, line 2: a text with entities is needed"),
        ('["a"]', "a text with entities is needed. Got \\['a'\\]"),
        ('{"text": "abc", "entities": {"a": 1}}', "line 2, entities: entities must be a list"),
        ('{"text": "abc", "entities": [[0, 1, "A"], [0.5, 2, "A"]]}', r"line 2, entity 2: an entity is \[start, end"),
        ('{"text": "abc", "entities": [[0, 4, "A"]]}', "line 2: a span must end within the text, which has 3"),
        ('{"text": "abc", "entities": [[2, 2, "A"]]}', "0 <= start < end. Got 2 to 2"),
        ('{"text": "abc", "entities": [[0, 1, "A"], [0, 1, "A"]]}', "a span stands twice"),
        ('{"text": "abc", "entities": [[0, 1, " "]]}', "a class's value must be"),
        ('{"text": "abc", "id": true}', "line 2, id: an identifier is a text or a whole number. Got True"),
        ('{"text": "abc", "id": "1"}', "item 1: it stands twice"),
        ("[" * 100_000, "one JSON object is needed"),
        ('{"text": "abc"', "one JSON object is needed"),
    ],
)  # fmt: skip
def test_spacy_says_what_does_not_fit(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"id": "1", "text": "ab", "entities": [[0, 2, "A"]]}\n' + line)
    with pytest.raises(InputError, match=message):
        list(exchange.get("spacy").read(path))


def test_a_docbin_that_is_none_is_refused(tmp_path: Path) -> None:
    content = msgspec.msgpack.decode(zlib.decompress(base64.b64decode(THEIRS)))
    path = tmp_path / "train.spacy"
    for change, message in (
        ({"attrs": [65, 77]}, "without entities"),
        ({"tokens": content["tokens"][:-3]}, "arrays end in the middle"),
        ({"spaces": b""}, "do not fit each other"),
        ({"lengths": np.array([-1, 16], "<i4").tobytes()}, "do not fit each other"),
        ({"strings": []}, r"train\.spacy, document 1: no string of the file has the number"),
        ({"attrs": content["attrs"][::-1]}, "which cannot be|no string of the file"),
        ({"tokens": 5}, "this is no DocBin"),
    ):
        path.write_bytes(zlib.compress(msgspec.msgpack.encode(content | change)))
        with pytest.raises(InputError, match=message):
            list(exchange.get("spacy").read(path))
    path.write_bytes(base64.b64decode(THEIRS)[:-9])
    with pytest.raises(InputError, match="cut off"):
        list(exchange.get("spacy").read(path))
    path.write_bytes(zlib.compress(bytes(100 * 2**20), 9))
    with pytest.raises(InputError, match="unpacks to more than 64 MB"):
        list(exchange.get("spacy").read(path))


CONLL_2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

BRUSSELS NNP B-NP B-LOC
"""


def test_conll_2003_is_read(tmp_path: Path) -> None:
    path = tmp_path / "eng.conll"
    path.write_text(CONLL_2003)
    assert sniff(path) == "conll"
    assert [(one.id, one.line, one.fields["text"]) for one in exchange.get("conll").read(path)] == [
        ("1", 1, "EU rejects German call\nPeter Blackburn"), ("2", 11, "BRUSSELS"),
    ]  # fmt: skip
    found = next(iter(exchange.get("conll").read(path)))
    assert found.answered == text("1", "", (0, 2, "ORG"), (11, 17, "MISC"), (23, 38, "PER")).answered
    classes = read_form(exchange.get("conll").form(path)).questions[0].task.classes
    assert [one.value for one in classes] == ["LOC", "MISC", "ORG", "PER"]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-A I-A O B-A B-A", [(0, 3, "A"), (6, 7, "A"), (8, 9, "A")]),
        ("I-A I-A O I-A B-A", [(0, 3, "A"), (6, 7, "A"), (8, 9, "A")]),  # IOB1
        ("B-A E-A O S-A S-A", [(0, 3, "A"), (6, 7, "A"), (8, 9, "A")]),  # IOBES
        ("B-A L-A O U-A U-B", [(0, 3, "A"), (6, 7, "A"), (8, 9, "B")]),  # BILOU
        ("O I-A I-B I-B E-B", [(2, 3, "A"), (4, 9, "B")]),
        ("B-A-x I-A-x O O I-B", [(0, 3, "A-x"), (8, 9, "B")]),
        ("E-A I-A L-A O O", [(0, 1, "A"), (2, 5, "A")]),
    ],
)
def test_all_ways_of_tagging_are_read(tags: str, spans: list[tuple[int, int, str]], tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text(
        "# id 7 domain=en\n" + "\n".join(f"{word}\t{tag}" for word, tag in zip("abcde", tags.split(), strict=True))
    )
    [example] = exchange.get("conll").read(path)
    assert example.fields == {"text": "a b c d e"}
    assert example.answered == text("1", "", *spans).answered
    path.write_text("\r\n\r\n".join(f"{word} {tag}" for word, tag in zip("abcde", tags.split(), strict=True)))
    assert [one.fields["text"] for one in exchange.get("conll").read(path)] == [*"abcde"]


def test_conll_is_written_in_words(tmp_path: Path) -> None:
    """Spans grow to whole words; a line ends a sentence, but not inside of a span; spaces are one."""
    example = text("a", "Don't  go\n\nto New\nYork!\n", (1, 4, "x y"), (14, 22, "GPE"))
    path = written(tmp_path, "conll", spans_form("x y", "GPE"), [example, Example("b", {"text": "open"})])
    assert path.read_text() == (
        "-DOCSTART- -X- O O\n\nDon - SpaceAfter=No B-x_y\n' - SpaceAfter=No I-x_y\nt - - O\ngo - - O\n\n"
        "to - - O\nNew - - B-GPE\nYork - SpaceAfter=No I-GPE\n! - - O\n\n"
    )
    [back] = exchange.get("conll").read(path)
    assert back.fields == {"text": "Don't go\nto New York!"}
    assert back.answered == text("", "", (0, 4, "x_y"), (12, 20, "GPE")).answered
    again = written(tmp_path, "conll", spans_form("x_y", "GPE"), [back], ".again")
    assert again.read_bytes() == path.read_bytes()


def test_conll_says_what_it_loses() -> None:
    said = " ".join(exchange.get("conll").losses(spans_form("x y", "z", overlap=True)))
    for phrase in (
        "grows to the whole word",
        "Several spaces come back as one",
        "come back numbered",
        "Spaces in classes become _: x y",
    ):
        assert phrase in said
    with pytest.raises(InputError, match="classes 'x y' and 'x_y' would both be written 'x_y'"):
        exchange.get("conll").losses(spans_form("x y", "x_y"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("word", r"x\.conll, line 2, column 1: a word and its tag are needed.*Got 'word'"),
        ("word NNP", "column 2.*Got 'NNP'"),
        ("word B-", "Got 'B-'"),
        ("word X-PER", "Got 'X-PER'"),
        ("\tO", "line 2, column 1: the word is empty|a word and its tag are needed"),
        ("a" * 100_001 + " O", "the line is longer than 100,000 bytes"),
        ("a B-" + "x" * 201, "a class's value must be 1 to 200 characters"),
        ("\udc80 O", "this is no text in UTF-8"),
    ],
)
def test_conll_says_what_does_not_fit(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_bytes(f"a B-A\n{line}\n".encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=message):
        list(exchange.get("conll").read(path))


@pytest.mark.parametrize("suffix", [".jsonl", ".spacy", ".conll"])
def test_failed_output_leaves_nothing(suffix: str, tmp_path: Path) -> None:
    name = "conll" if suffix == ".conll" else "spacy"
    good = text("a", "abc", (0, 1, "A"))
    twice = Example("b", good.fields, good.answered * 2)
    for bad in (text("b", "\ud800 x"), text("b", "ab", (0, 3, "A")), text("b", "ab", (0, 1, "Z")), good, twice,
                Example("b", {"text": 5}, good.answered)):  # fmt: skip
        with pytest.raises(InputError, match="item|character"):
            written(tmp_path, name, spans_form("A"), [good, bad], suffix)
        assert not list(tmp_path.iterdir())


def test_words() -> None:
    def parts(line: str) -> list[str]:
        return [line[start:end] for start, end in words(line)]

    assert parts("") == parts(" \n") == []
    assert parts("a1_b, c-d.") == ["a1_b", ",", "c", "-", "d", "."]
    assert parts("Äpfel e\u0301e\u0301 x\u200d") == ["Äpfel", "e\u0301e\u0301", "x\u200d"]
    assert parts("👩‍👩‍👧👍🏽é") == ["👩‍👩‍👧", "👍🏽", "é"]
    assert parts("漢字abc") == ["漢", "字", "abc"]
    line = "ünï-漢 🙂e\u0301\tx" * 5
    assert "".join(parts(line)) == "".join(line.split())
    ascii_line = "".join(chr(code) for code in range(128)) * 2
    assert parts(ascii_line + " é")[:-1] == parts(ascii_line)


def test_the_longest_of_spans_that_overlap_stands() -> None:
    def spans(*given: tuple[int, int, str]) -> list[dict[str, Any]]:
        return [{"start": start, "end": end, "label": label} for start, end, label in given]

    places = words("aa bb cc dd ee")
    assert marked(spans((0, 2, "x"), (0, 8, "y"), (6, 11, "z"), (9, 10, "z")), places) == [(0, 3, "y"), (3, 4, "z")]
    assert marked(spans((1, 4, "x"), (4, 7, "y")), places) == [(0, 2, "x")]
    assert marked(spans((2, 3, "x"), (2, 6, "y")), places) == [(1, 2, "y")]
    assert marked(spans((3, 5, "b"), (3, 5, "a")), places) == [(1, 2, "a")]


def test_sniffing_leaves_others_files(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for line in (
        {"text": "a", "label": [[0, 1, "A"]]},  # doccano
        {"text": "a", "entities": [{"id": 1, "label": "A", "start_offset": 0, "end_offset": 1}], "relations": []},
        {"text": "a", "spans": [], "answer": "accept"},  # Prodigy
        {"id": 1},
    ):
        path.write_text(json.dumps(line))
        for name in ("spacy", "conll", "coco", "voc", "yolo"):
            assert not exchange.get(name).sniff(path), (name, line)
