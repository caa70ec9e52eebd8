"""choice: what is its own, beyond the contract."""

from __future__ import annotations

from typing import Any

import pytest

from goldwork.errors import AnswerError, InputError
from goldwork.tasks.choice import Choice
from goldwork.tasks.classes import COLORS, MAX_CLASSES, Class


def of(*values: str, **more: Any) -> Choice:
    return Choice(classes=tuple(Class(value, **more) for value in values))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), f"needs 2 to {MAX_CLASSES} classes. Got 0"),
        ((Class("a"),), "Got 1"),
        (tuple(Class(str(n)) for n in range(MAX_CLASSES + 1)), f"Got {MAX_CLASSES + 1}"),
        ((Class("a"), Class("a")), "class 'a' stands twice"),
        ((Class("a"), Class("")), "1 to 200 characters without spaces around. Got ''"),
        ((Class("a"), Class(" b")), "Got ' b'"),
        ((Class("a"), Class("b" * 201)), "1 to 200 characters"),
        ((Class("a"), Class("b", key="g")), "class 'b': the key must be .*Got 'g'"),
        ((Class("a"), Class("b", key="A")), "Got 'A'"),
        ((Class("a"), Class("b", key="12")), "Got '12'"),
        ((Class("a", key="x"), Class("b", key="x")), "classes 'a' and 'b' have the same key 'x'"),
        ((Class("a"), Class("b", color="red")), f"class 'b': colour must be one of {COLORS[0]}.* Got 'red'"),
    ],
)
def test_settings_that_cannot_be_asked_are_refused(classes: tuple[Class, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Choice(classes=classes)


def test_every_class_has_a_key_as_long_as_there_are_any() -> None:
    [keys] = Choice(classes=(Class("a"), Class("b", key="1"), Class("c", key="q"), Class("d"))).form().primitives
    assert [option.key for option in keys.options] == ["2", "1", "q", "3"]
    [keys] = of(*(f"class {n}" for n in range(12))).form().primitives
    assert [option.key for option in keys.options] == [*"1234567890", "", ""]


def test_labels_and_colours_are_filled_in() -> None:
    [keys] = Choice(classes=(Class("a", "Apple", help="a fruit"), Class("b", color="c6"), Class("c"))).form().primitives
    assert [(option.label, option.color) for option in keys.options] == [("Apple", "c1"), ("b", "c6"), ("c", "c3")]


def test_a_long_list_of_classes_is_cut_in_errors() -> None:
    with pytest.raises(AnswerError, match=r"must be one of 0, 1, .*9 and 5 more. Got 'x'.") as caught:
        of(*map(str, range(15))).validate("x")
    assert caught.value.code == "bad_answer"
