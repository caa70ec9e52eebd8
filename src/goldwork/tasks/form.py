"""The closed set of primitives that a question is drawn with.

A task type describes its screen as a `Form`: JSON over these primitives. The front end draws each primitive in
the modes answer, view and compare, so a new task type needs no front-end code.

What is answered follows from the form alone. A primitive has a value (panes have none: they only show). A form with one
primitive that has a value and no `name` is answered by that value; one whose primitives are named by an object of their
values by name. A primitive with `unsure` may be answered by `{"cannot_tell": "the reason"}` instead.

`field` and `fields` say which fields of the item a primitive shows; it draws them itself.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to choose: what is stored, what is read, the key that picks it.

    `parent`: the value of the option it belongs under. `heading`: it only holds others and cannot be chosen.
    """

    value: str
    label: str
    key: str = ""
    color: str = ""
    help: str = ""
    parent: str = ""
    heading: bool = False


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a place on a scale means."""

    value: float
    label: str


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What else is said about a box: one of several options. Empty `title`: its name is read."""

    name: str
    options: tuple[str, ...]
    title: str = ""


class Keys(msgspec.Struct, frozen=True, tag="keys", tag_field="primitive", omit_defaults=True):
    """One of several options, each on its own key; answering advances when the form asks nothing else.

    The value is the option's. `mirror`: the options named first and second stand for the two panes, and trade places
    where these are swapped.
    """

    options: tuple[Option, ...]
    name: str = ""
    title: str = ""
    unsure: bool = False
    mirror: bool = False


class Toggles(msgspec.Struct, frozen=True, tag="toggles", tag_field="primitive", omit_defaults=True):
    """Several of several options. The value is a list of theirs, `low` to `high` of them; those `alone` stand alone."""

    options: tuple[Option, ...]
    low: int = 0
    high: int = 0
    """0: as many as there are."""
    alone: tuple[str, ...] = ()
    name: str = ""
    title: str = ""
    unsure: bool = False


class Scale(msgspec.Struct, frozen=True, tag="scale", tag_field="primitive", omit_defaults=True):
    """A number from `low` to `high` in steps: buttons, or a slider. The value is the number, or the value of one of
    the options `besides`.

    `mirror`: below 0 is towards the first of two panes, and the scale is turned round where these are swapped. `middle`
    False: 0 cannot be chosen.
    """

    low: float
    high: float
    step: float = 1.0
    anchors: tuple[Anchor, ...] = ()
    slider: bool = False
    mirror: bool = False
    middle: bool = True
    besides: tuple[Option, ...] = ()
    name: str = ""
    title: str = ""
    unsure: bool = False


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="primitive", omit_defaults=True):
    """Free text of `low` to `high` characters (Unicode code points), in the writing systems `scripts` if any are named.
    The value is the text."""

    low: int = 1
    high: int = 10_000
    rows: int = 5
    placeholder: str = ""
    scripts: tuple[str, ...] = ()
    name: str = ""
    title: str = ""


class Panes(msgspec.Struct, frozen=True, tag="panes", tag_field="primitive", omit_defaults=True):
    """Fields side by side, in the order drawn for the assignment. Shows only; has no value."""

    fields: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, tag="order", tag_field="primitive", omit_defaults=True):
    """Fields brought into an order, shown at first in the one drawn for the assignment. Empty fields are left out.

    The value is a list of groups of field names, best first; those in one group tie. `pick` says how it is made: `all`
    by ordering, `best` by picking the best one (the others tie), `ends` by picking the best and the worst.
    """

    fields: tuple[str, ...]
    pick: Literal["all", "best", "ends"] = "all"
    ties: bool = False
    name: str = ""
    title: str = ""


class Grid(msgspec.Struct, frozen=True, tag="grid", tag_field="primitive", omit_defaults=True):
    """One of the `columns` for each of the `rows`. The value is an object of columns' values by the rows'."""

    rows: tuple[Option, ...]
    columns: tuple[Option, ...]
    name: str = ""
    title: str = ""


class Turns(msgspec.Struct, frozen=True, tag="turns", tag_field="primitive", omit_defaults=True):
    """The conversation in the field `field`, `[{"role": "user", "content": "..."}, ...]`.

    - `write`: the value is `low` to `high` further turns, of the `roles` in turn
    - `edit`: the value is the conversation, whose turns of `roles` may be rewritten
    - `rate`: the value is a list as long as the conversation: a whole number `low` to `high` for turns of `roles`, null
      for the others
    """

    field: str
    mode: Literal["write", "edit", "rate"]
    roles: tuple[str, ...] = ("assistant",)
    low: int = 1
    high: int = 1
    anchors: tuple[Anchor, ...] = ()
    name: str = ""
    title: str = ""


class Spans(msgspec.Struct, frozen=True, tag="spans", tag_field="primitive", omit_defaults=True):
    """Labelled ranges of the text in the field `field`, half-open, in Unicode code points.

    The value is a list of `{"start": 0, "end": 5, "label": "value"}`, `low` or more of them.
    """

    field: str
    options: tuple[Option, ...]
    overlap: bool = False
    low: int = 0
    name: str = ""
    title: str = ""


class Boxes(msgspec.Struct, frozen=True, tag="boxes", tag_field="primitive", omit_defaults=True):
    """Labelled boxes on the image in the field `field`, in its own pixels.

    The value is a list of `{"x": 1.5, "y": 2, "width": 30, "height": 40, "label": "value", "attributes": {}}`, `low`
    or more of them.
    """

    field: str
    options: tuple[Option, ...]
    attributes: tuple[Attribute, ...] = ()
    low: int = 0
    name: str = ""
    title: str = ""


Primitive = Keys | Toggles | Scale | Text | Panes | Order | Grid | Turns | Spans | Boxes


class Form(msgspec.Struct, frozen=True):
    """How one question is asked."""

    primitives: tuple[Primitive, ...]

    def fields(self) -> dict[str, str]:
        """The fields of the item that the form draws itself, with the primitive that does."""
        drawn: dict[str, str] = {}
        for primitive in self.primitives:
            if isinstance(primitive, Panes | Order):
                drawn |= dict.fromkeys(primitive.fields, str(primitive.__struct_config__.tag))
            elif isinstance(primitive, Turns | Spans | Boxes):
                drawn[primitive.field] = str(primitive.__struct_config__.tag)
        return drawn

    def shuffled(self) -> tuple[str, ...]:
        """The fields whose order is drawn for every assignment, as they are named; empty where there are none."""
        for primitive in self.primitives:
            if isinstance(primitive, Panes | Order):
                return primitive.fields
        return ()
