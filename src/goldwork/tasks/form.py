"""The closed set of primitives that a question is drawn with.

A task type describes its screen as a `Form`: JSON over these primitives. The front end draws each primitive in
the modes answer, view and compare, so a new task type needs no front-end code.
"""

from __future__ import annotations

import msgspec


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to choose: what is stored, what is read, the key that picks it."""

    value: str
    label: str
    key: str = ""
    color: str = ""
    help: str = ""


class Keys(msgspec.Struct, frozen=True, tag="keys", tag_field="primitive"):
    """One of several options, each on its own key; answering advances when the form has one question."""

    options: tuple[Option, ...]


Primitive = Keys
"""Grows with the task types: toggles, scale, text, order, panes, grid, turns, spans, boxes."""


class Form(msgspec.Struct, frozen=True):
    """How one question is asked."""

    primitives: tuple[Primitive, ...]
