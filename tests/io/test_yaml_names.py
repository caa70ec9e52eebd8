"""The little of YAML that YOLO's settings need, compared with what a YAML package reads."""

from __future__ import annotations

import random

import pytest
import yaml

from goldwork.errors import InputError
from goldwork.io.exchange.yaml_names import read_names, write_names

SIGNS = "ab 'é\"\\#:,[]{}&*!|>%@`?-~\t\n\r\x00\x07\x7f\x85\xa0\u2028\ufeff漢🙂e\u0301"


def test_what_is_written_is_read_by_everybody() -> None:
    dice = random.Random(1)
    for _ in range(300):
        names = ["".join(dice.choices(SIGNS, k=dice.randint(1, 8))) for _ in range(dice.randint(1, 12))]
        lines = write_names(names)
        assert read_names("path: .\n" + lines + "nc: 3\n", "x") == dict(enumerate(names))
        assert yaml.safe_load(lines)["names"] == dict(enumerate(names))


@pytest.mark.parametrize(
    "text",
    [
        "names:\n  0: cat\n  1: a dog # not this\n\nval: x\n",
        "names:\n- cat\n- 'it''s'\n- \"tab\\t\\u00e9\\x41\"\n# comment\n- a:b#c\nnc: 4",
        "nc: 2\r\nnames: [cat, 'a, b', \"c]\"]\r\n",
        "names: [\n  cat, # first\n  traffic light,\n]\n",
        "names: {0: cat, 1: 'dog', '2': x}\n",
        "download: |\n  names: [no]\nnames: ['yes it is', a-b, é 漢 🙂]\n",
        "'names':\n  3: cat\n  7: dog\n",
    ],
)
def test_names_are_read_as_yaml_has_them(text: str) -> None:
    told = yaml.safe_load(text)["names"]
    told = dict(enumerate(told)) if isinstance(told, list) else {int(key): value for key, value in told.items()}
    assert read_names(text, "data.yaml") == told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nc: 2\n", "data.yaml: it names no classes"),
        ("names: cat\n", "line 1: names must be a list. Got 'cat'"),
        ("nc: 1\nnames:\n  cat: dog\n", "line 3: a class is needed, such as 0: cat"),
        ("names:\n  0: !!python/object:os.system x\n", "line 2: a name is needed"),
        ("names:\n  0: &a cat\n", "a name is needed"),
        ("names:\n  0: |\n    long\n", "a name is needed"),
        ("names:\n  0: [a]\n", "a name is needed"),
        ("names:\n  0: 'a\n", "the quotes do not end"),
        ("names:\n  0: 'a' b\n", "one name is needed"),
        ('names:\n  0: "\\ud800"\n', "no such character"),
        ('names:\n  0: "\\q"\n', "no such escape"),
        ("names: [a]\nnames: [b]\n", "line 2: names: stands twice"),
        ("names:\n- a\n   b\n", "line 3: it stands further in or out"),
        ("names:\n- a\n - b\n", "line 3: it stands further in or out"),
        ("names:\n- - a\n", "a name is needed"),
        ("names:\n- # a\n", "a name is needed"),
        ("names: [a, b\n", "the names do not end with ]"),
        ("names: [a b: c]\n", "a comma is needed"),
        ("names: [[a]]\n", "a name is needed"),
        ("names:\n  0: a\n  0: b\n", "line 3: class 0 stands twice"),
    ],
)
def test_other_yaml_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_names(text, "data.yaml")
    assert message in str(refused.value)
