"""spans, boxes and chat: answers that depend on what is shown of the item."""

from __future__ import annotations

from typing import Any

import pytest

from goldwork.errors import AnswerError, InputError
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.chat import Chat
from goldwork.tasks.classes import Class
from goldwork.tasks.spans import Spans

A = (Class("a"),)
TEXT = "a 👩‍👩‍👧 e\u0301 שלום"


def span(start: int, end: int) -> dict[str, Any]:
    return {"start": start, "end": end, "label": "a"}


def test_offsets_are_code_points() -> None:
    task = Spans("text", A)
    task.validate([span(0, len(TEXT))], {"text": TEXT})
    with pytest.raises(AnswerError, match=f"has {len(TEXT)} characters. Got 0 to {len(TEXT) + 1}"):
        task.validate([span(0, len(TEXT) + 1)], {"text": TEXT})
    # As UTF-16 counts them the text is longer, and such an end is past it.
    with pytest.raises(AnswerError):
        task.validate([span(0, len(TEXT.encode("utf-16-le")) // 2)], {"text": TEXT})


def test_spans_may_touch_and_not_overlap() -> None:
    Spans("text", A).validate([span(0, 2), span(2, 3)])
    with pytest.raises(AnswerError, match="may not overlap"):
        Spans("text", A).validate([span(0, 3), span(2, 4)])
    Spans("text", A, overlap=True).validate([span(0, 3), span(2, 4)])


@pytest.mark.parametrize(
    ("box", "fits"),
    [((0, 0, 640, 480), True), ((0.004, 0, 640, 480), True), ((0, 0, 640.5, 480), False), ((639, 479, 1, 1.5), False)],
)
def test_boxes_lie_within_the_image(box: tuple[float, ...], fits: bool) -> None:
    answer = [dict(zip(("x", "y", "width", "height"), box, strict=True)) | {"label": "a"}]
    if fits:
        Boxes("photo", A).validate(answer, {"photo": {"width": 640, "height": 480}})
        return
    with pytest.raises(AnswerError, match="within the image of 640 x 480 pixels"):
        Boxes("photo", A).validate(answer, {"photo": {"width": 640, "height": 480}})


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


TALK = {"talk": '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]'}


def test_only_turns_of_the_roles_may_be_edited() -> None:
    chat = Chat("talk", mode="edit")
    chat.validate([turn("user", "Hi"), turn("assistant", "How can I help?")], TALK)
    with pytest.raises(AnswerError, match="turn 1: only turns of assistant may be edited"):
        chat.validate([turn("user", "Hello"), turn("assistant", "Yes?")], TALK)
    with pytest.raises(AnswerError, match="has 2 turns. Got 1"):
        chat.validate([turn("user", "Hi")], TALK)
    with pytest.raises(AnswerError, match="turn 2 is empty"):
        chat.validate([turn("user", "Hi"), turn("assistant", " ")], TALK)


def test_every_turn_of_the_roles_is_rated() -> None:
    chat = Chat("talk", mode="rate", low=1, high=5)
    chat.validate([None, 4], TALK)
    for marks, message in (([None, None], "a mark is missing"), ([3, 4], "only turns of assistant"), ([4], "2 turns")):
        with pytest.raises(AnswerError, match=message):
            chat.validate(marks, TALK)


def test_turns_are_written_by_the_roles_in_turn() -> None:
    chat = Chat("talk", roles=("user", "assistant"), high=2)
    chat.validate([turn("user", "And?"), turn("assistant", "No.")])
    with pytest.raises(AnswerError, match="turn 1 is the user's"):
        chat.validate([turn("assistant", "No.")])
    with pytest.raises(InputError, match="roles must be some of"):
        Chat("talk", roles=("robot",))
