"""spaCy's DocBin, the `.spacy` file that `spacy train` takes: zlib over MessagePack over arrays, read and written here
without spaCy, whose own loader gives the numbers in a file to C code that trusts them.

Every word has its numbers in a row of unsigned 64-bit integers: `ORTH`, `ENT_IOB` (0 not said, 1 inside, 2 outside, 3
begins) and `ENT_TYPE` among them. A number stands for a string: by its place in spaCy's fixed table of symbols, or else
as MurmurHash64A of its UTF-8 bytes. The strings themselves stand in the file.

- https://spacy.io/api/docbin, https://spacy.io/api/data-formats#training
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import msgspec
import numpy as np

from goldwork.errors import InputError
from goldwork.io.source import FREE_UNPACKED, MAX_RATIO

ORTH, ENT_IOB, ENT_TYPE = 65, 77, 78
UNSAID, INSIDE, OUTSIDE, BEGINS = 0, 1, 2, 3
MOST_BYTES = 2**30
"""Unpacked: the file is read as one."""
MOST_TEXT = 1_000_000
"""Characters of one text, as many as an item's may have."""
_MASK = 2**64 - 1
_TIMES = 0xC6A4A7935BD1E995
_FLAGS = " ".join(f"FLAG{number}" for number in range(19, 64))
_DEPRECATED = " ".join(f"DEPRECATED{number:03}" for number in range(1, 277))
_SYMBOLS = f"""
IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM LIKE_EMAIL IS_STOP
IS_OOV_DEPRECATED IS_BRACKET IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY {_FLAGS} ID ORTH LOWER NORM SHAPE PREFIX
SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD SENT_START SPACY PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET
INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X EOL SPACE {_DEPRECATED} PERSON NORP FACILITY ORG GPE LOC PRODUCT
EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY QUANTITY ORDINAL CARDINAL acomp advcl advmod agent amod appos
attr aux auxpass cc ccomp complm conj cop csubj csubjpass dep det dobj expl hmod hyph infmod intj iobj mark meta neg
nmod nn npadvmod nsubj nsubjpass num number oprd obj obl parataxis partmod pcomp pobj poss possessive preconj prep prt
punct quantmod relcl rcmod root xcomp acl ENT_KB_ID MORPH ENT_ID IDX _
""".split()
_SYMBOLS.insert(0, "")
"""spacy.symbols, which stays as it is because files depend on it."""
_NUMBERS = {symbol: number for number, symbol in enumerate(_SYMBOLS)}


class Document(msgspec.Struct):
    """One text in words. `words`: with whether a space follows; `marks`: of every word, None where nobody said any."""

    words: list[tuple[str, bool]]
    marks: list[tuple[int, str]] | None
    item: str = ""

    def told(self) -> tuple[str, list[dict[str, Any]] | None]:
        """The text and its spans."""
        text = "".join(word + " " * space for word, space in self.words)
        if self.marks is None:
            return text, None
        spans: list[dict[str, Any]] = []
        at, before = 0, ""
        for (word, space), (mark, label) in zip(self.words, self.marks, strict=True):
            if mark == BEGINS or (mark == INSIDE and label != before):
                spans.append({"start": at, "end": at + len(word), "label": label})
            elif mark == INSIDE:
                spans[-1]["end"] = at + len(word)
            before = label if mark in (BEGINS, INSIDE) else ""
            at += len(word) + space
        return text, spans


def number_of(string: str) -> int:
    """SpaCy's number for a string."""
    if (symbol := _NUMBERS.get(string)) is not None:
        return symbol
    data = string.encode()
    whole = len(data) // 8 * 8
    value = 1 ^ (len(data) * _TIMES & _MASK)
    for place in range(0, whole, 8):
        part = int.from_bytes(data[place : place + 8], "little") * _TIMES & _MASK
        part = (part ^ part >> 47) * _TIMES & _MASK
        value = (value ^ part) * _TIMES & _MASK
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _TIMES & _MASK
    value = (value ^ value >> 47) * _TIMES & _MASK
    return value ^ value >> 47


class _Bin(msgspec.Struct):
    attrs: list[int]
    tokens: bytes
    spaces: bytes
    lengths: bytes
    strings: list[str]
    user_data: list[bytes | None] | None = None


def read(data: bytes, where: str) -> Iterator[Document]:
    """The documents. Raises InputError for whatever is not of this form."""
    try:
        content = msgspec.msgpack.decode(_unpacked(data, where), type=_Bin)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"this is no DocBin ({str(error)[:200].rstrip('.')}).", where=where) from None
    width = len(content.attrs)
    if not {ORTH, ENT_IOB, ENT_TYPE} <= {*content.attrs} or len({*content.attrs}) < width:
        raise InputError("the DocBin was made without entities. Give it ENT_IOB and ENT_TYPE.", where=where)
    if len(content.tokens) % (8 * width) or len(content.lengths) % 4:
        raise InputError("the DocBin is damaged: its arrays end in the middle.", where=where)
    rows = np.frombuffer(content.tokens, "<u8").reshape(-1, width)
    spaces = np.frombuffer(content.spaces, np.uint8)
    lengths = np.frombuffer(content.lengths, "<i4").astype(np.int64)
    if (lengths < 0).any() or lengths.sum() != len(rows) or len(spaces) != len(rows):
        raise InputError("the DocBin is damaged: its arrays do not fit each other.", where=where)
    strings = {number_of(string): string for string in content.strings}
    columns = [content.attrs.index(name) for name in (ORTH, ENT_IOB, ENT_TYPE)]
    ends = np.cumsum(lengths)
    for place, (length, end) in enumerate(zip(lengths.tolist(), ends.tolist(), strict=True)):
        part = slice(end - length, end)
        user = content.user_data[place] if content.user_data and place < len(content.user_data) else None
        yield _document(rows[part][:, columns], spaces[part], strings, user, f"{where}, document {place + 1}")


def _document(rows: Any, spaces: Any, strings: dict[int, str], user: bytes | None, where: str) -> Document:
    words, marks, size = [], [], 0
    for (orth, mark, kind), space in zip(rows.tolist(), spaces.tolist(), strict=True):
        word, label = _string(orth, strings, where), _string(kind, strings, where)
        if mark > BEGINS or (mark in (INSIDE, BEGINS) and not label):
            raise InputError(f"a word has the mark {mark} and the label {label!r}, which cannot be.", where=where)
        size += len(word) + 1
        if size > MOST_TEXT:
            raise InputError(f"a text may have {MOST_TEXT:,} characters.", where=where)
        words.append((word, space != 0))
        marks.append((mark, label))
    said = not marks or any(mark != UNSAID for mark, _ in marks)
    return Document(words, marks if said else None, _item(user))


def _string(number: int, strings: dict[int, str], where: str) -> str:
    if number in strings:
        return strings[number]
    if number < len(_SYMBOLS):
        return _SYMBOLS[number]
    raise InputError(f"no string of the file has the number {number}.", where=where)


def _item(user: bytes | None) -> str:
    """The identifier that goldwork put beside the document; none in others' files."""
    try:
        said = msgspec.msgpack.decode(user) if user else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    found = said.get("item") if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""


def _unpacked(data: bytes, where: str) -> bytes:
    unpacking = zlib.decompressobj()
    most = min(MOST_BYTES, max(FREE_UNPACKED, MAX_RATIO * len(data)))
    try:
        content = unpacking.decompress(data, most + 1)
    except zlib.error as error:
        raise InputError(f"the DocBin is damaged ({error}).", where=where) from None
    if len(content) > most:
        raise InputError(f"unpacks to more than {most // 2**20:,} MB. Split it.", where=where)
    if not unpacking.eof:
        raise InputError("the DocBin is cut off.", where=where)
    return content


def write(stream: IO[bytes], documents: Iterable[Document]) -> None:
    """Write the documents as spaCy reads them, which keeps what every one adds to the arrays."""
    tokens, spaces, lengths, strings, users = bytearray(), bytearray(), [], {""}, []
    numbers: dict[str, int] = {}

    def numbered(string: str) -> int:
        strings.add(string)
        if string not in numbers:
            numbers[string] = number_of(string)
        return numbers[string]

    for document in documents:
        marks: Sequence[tuple[int, str]] = document.marks or [(UNSAID, "")] * len(document.words)
        rows = [
            (numbered(word), mark, numbered(label))
            for (word, _), (mark, label) in zip(document.words, marks, strict=True)
        ]
        tokens += np.array(rows, "<u8").tobytes()
        spaces += bytes(space for _, space in document.words)
        lengths.append(len(rows))
        users.append(msgspec.msgpack.encode({"item": document.item}))
    content = {
        "version": "0.1",
        "attrs": [ORTH, ENT_IOB, ENT_TYPE],
        "tokens": bytes(tokens),
        "spaces": bytes(spaces),
        "lengths": np.array(lengths, "<i4").tobytes(),
        "strings": sorted(strings),
        "cats": [{} for _ in lengths],
        "flags": [{"has_unknown_spaces": False} for _ in lengths],
        "span_groups": [b"" for _ in lengths],
        "user_data": users,
    }
    stream.write(zlib.compress(msgspec.msgpack.encode(content)))
