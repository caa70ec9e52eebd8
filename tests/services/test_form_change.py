"""Another form for a project with judgements: kept where every answer fits, refused where one does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError
from goldwork.services import access, form_change, monitor, projects
from goldwork.services.check import check
from goldwork.services.collect import Submit
from goldwork.services.forms import current_form
from goldwork.store.schema import form as form_table
from goldwork.store.schema import judgement
from goldwork.tasks.questions import read_form
from tests.services.conftest import FORM
from tests.services.test_monitor import answer_by_number, take_snapshot

CLASSES: list[dict[str, Any]] = FORM["questions"][0]["task"]["classes"]  # type: ignore[index]
TEXT = {"name": "why", "title": "Why?", "task": {"type": "text"}}


def asking(*questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"fields": FORM["fields"], "questions": list(questions)} | more


def kind(classes: list[dict[str, Any]] = CLASSES, **more: Any) -> dict[str, Any]:
    return {"name": "kind", "title": "Which kind?", "task": {"type": "choice", "classes": classes}} | more


@pytest.fixture
def judged(room: Any) -> Any:
    """Ann answers a, b, c, a, b, c; Bob skips one, and takes an answer back."""
    room.add_items(6)
    assert room.judge(room.add_annotator("Ann"), answer_by_number) == 6
    bob = room.add_annotator("Bob")
    first, second = room.lease(bob, 2)
    room.submit(bob, first.id, None)
    room.submit(bob, second.id, "b")
    room.submit(bob, second.id, kind="undo", answers={})
    return room


def review(room: Any, form: dict[str, Any]) -> form_change.FormChange:
    return room.read(form_change.review, room.project, read_form(form))


def member(room: Any) -> access.Member:
    return access.Member(room.manager, room.project, "manager")


def change(room: Any, form: dict[str, Any], checked: Any = None) -> None:
    room.writer.run(lambda c: projects.set_form(c, room.database, member(room), form, checked))


def stored(room: Any) -> list[Any]:
    return room.read(lambda c: c.execute(sa.select(judgement).order_by(judgement.c.seq, judgement.c.question)).all())


def versions(room: Any) -> int:
    of = sa.select(sa.func.count()).where(form_table.c.project == room.project)
    return room.read(lambda c: c.execute(of).scalar_one())


KEEPS = {
    "relabelled": asking(kind([{"value": "a", "label": "Orange"}, *CLASSES[1:]])),
    "coloured, with keys and help": asking(kind([{"value": v, "color": "c4", "key": v, "help": "!"} for v in "abc"])),
    "a class more": asking(kind([*CLASSES, {"value": "d"}])),
    "another order": asking(kind(CLASSES[::-1])),
    "help and title": asking(kind(title="What kind?", help="Look.")),
    "optional": asking(kind(optional=True)),
    "one may be unsure": asking(kind(task={"type": "choice", "classes": CLASSES, "unsure": True})),
    "one more question": asking(kind(), TEXT | {"optional": True}),
    "one more in front": asking(TEXT, kind()),
    "fields shown otherwise": asking(kind(), fields=[{"name": "text", "show": "markdown"}]),
}


def test_a_change_under_which_every_answer_fits_keeps_them_all(judged: Any) -> None:
    for name, form in KEEPS.items():
        found = review(judged, form)
        assert (found.fits, found.judged, found.unfit) == (True, 6, 0), name
        [first] = [one for one in found.questions if one.name == "kind"]
        assert (first.answers, first.examples) == (6, []), name
        assert first.says == "6 answers to it stay.", name


@pytest.mark.parametrize("name", ["relabelled", "another order", "one more in front"])
def test_what_was_judged_counts_on_under_the_new_form(judged: Any, name: str) -> None:
    before = stored(judged)
    change(judged, KEEPS[name], review(judged, KEEPS[name]))
    assert (stored(judged), versions(judged)) == (before, 2)
    assert judged.read(lambda c: list(check(c))) == []
    take_snapshot(judged)
    overview = judged.read(monitor.overview, judged.database, judged.project)
    assert overview.judgements == 6
    assert sum(one.judgements for one in overview.classes["kind"]) == 6


REFUSED = {
    "a class is taken away": (asking(kind(CLASSES[:2])), 2, "must be one of a, b. Got 'c'."),
    "a class is stored otherwise": (asking(kind([{"value": "A"}, *CLASSES[1:]])), 2, "Got 'a'."),
    "a class now only holds others": (asking(kind([*CLASSES, {"value": "d", "parent": "b"}])), 2, "Got 'b'."),
    "another type": (asking(kind(task={"type": "text"})), 6, "another type of question"),
    "another type, called the same": (asking(kind(task={"type": "choices", "classes": CLASSES})), 6, "another type"),
}


def test_a_change_under_which_an_answer_does_not_fit_is_refused(judged: Any) -> None:
    for name, (form, number, why) in REFUSED.items():
        found = review(judged, form)
        [one] = [one for one in found.questions if one.name == "kind"]
        assert (found.fits, found.unfit, one.unfit, one.answers) == (False, number, number, 6), name
        assert one.says == f"{number} of 6 answers would no longer fit."
        assert 1 <= len(one.examples) <= form_change.EXAMPLES
        assert all(why in example.why and example.item and example.answer in "abc" for example in one.examples), name
        for checked in (None, found):
            with pytest.raises(ConflictError, match="would no longer fit") as caught:
                change(judged, form, checked)
            assert (caught.value.reason, caught.value.details) == ("answers_unfit", {"unfit": {"kind": number}})
    assert versions(judged) == 1


def test_only_answers_in_force_count(judged: Any) -> None:
    """Bob took his answer back: the class may go once nobody else chose it."""
    found = review(judged, asking(kind([*CLASSES[:1], CLASSES[2]])))
    assert found.unfit == 2


def test_a_question_that_goes_leaves_the_figures_and_comes_back(judged: Any) -> None:
    found = review(judged, asking(TEXT))
    by_name = {one.name: one for one in found.questions}
    assert (by_name["kind"].state, by_name["kind"].answers, by_name["why"].state) == ("gone", 6, "new")
    assert "leave the figures" in by_name["kind"].says
    assert "6 submits judged already are not asked again" in by_name["why"].says
    change(judged, asking(TEXT), found)
    take_snapshot(judged)
    overview = judged.read(monitor.overview, judged.database, judged.project)
    assert "kind" not in overview.classes
    assert len(stored(judged)) == 7
    back = review(judged, asking(TEXT, kind(CLASSES[:2])))
    assert (back.fits, back.unfit) == (False, 2), "its answers of then come back, and have to fit"
    change(judged, asking(TEXT, kind()))
    take_snapshot(judged)
    overview = judged.read(monitor.overview, judged.database, judged.project)
    assert sum(one.judgements for one in overview.classes["kind"]) == 6


def test_an_optional_question_that_becomes_required(room: Any) -> None:
    room.make_project(asking(kind(), TEXT | {"optional": True}))
    room.add_items(3)
    ann = room.add_annotator("Ann")
    for place, lease in enumerate(room.lease(ann, 3)):
        room.submit(ann, lease.id, answers={"kind": "a"} | ({"why": "so"} if place == 0 else {}))
    found = review(room, asking(kind(), TEXT))
    assert found.fits
    assert found.questions[1].says == "1 answer to it stay. 2 submits without an answer to it are not asked again."
    assert found.questions[1].settings == ["optional"]


def test_a_scale_that_grows_keeps_answers_and_says_that_they_mean_less(room: Any) -> None:
    rating = {"name": "how", "title": "How good?", "task": {"type": "rating", "low": 1, "high": 5}}
    room.make_project(asking(rating))
    room.add_items(4)
    ann = room.add_annotator("Ann")
    for place, lease in enumerate(room.lease(ann, 4)):
        room.submit(ann, lease.id, answers={"how": place + 1})
    wider = asking(rating | {"task": {"type": "rating", "low": 1, "high": 10}})
    [one] = review(room, wider).questions
    assert (one.unfit, one.settings) == (0, ["high"])
    assert "agreement and consensus will change" in one.says
    [one] = review(room, asking(rating | {"task": {"type": "rating", "low": 1, "high": 3}})).questions
    assert (one.unfit, [example.answer for example in one.examples]) == (1, ["4"])
    [one] = review(room, asking(rating | {"help": "!"})).questions
    assert "will change" not in one.says


def test_fields_that_a_question_works_on(room: Any) -> None:
    """Sides that trade places would turn every answer round; a text read elsewhere, its places."""
    fields = [{"name": name} for name in ("a", "b", "text")]
    pair = {"name": "better", "title": "Which?", "task": {"type": "compare", "fields": ["a", "b"]}}
    marks = {
        "name": "marks", "title": "Mark", "task": {"type": "spans", "field": "text", "classes": [{"value": "x"}]},
    }  # fmt: skip
    room.make_project(asking(pair, marks, fields=fields))
    job = room.import_items(
        "id,a,b,text\n1,one,two,some words\n2,one,two,x\n", fields={name: name for name in ("a", "b", "text")}
    )
    assert job.state == "done", job.error
    ann = room.add_annotator("Ann")
    for lease in room.lease(ann, 2):
        room.submit(ann, lease.id, answers={"better": "first", "marks": [{"start": 0, "end": 1, "label": "x"}]})
    turned = asking(pair | {"task": {"type": "compare", "fields": ["b", "a"]}}, marks, fields=fields)
    first, second = review(room, turned).questions
    assert (first.unfit, second.unfit) == (2, 0)
    assert first.examples[0].why == "it was asked about a, b, which would be b, a."
    elsewhere = asking(pair, marks | {"task": marks["task"] | {"field": "a"}}, fields=fields)  # type: ignore[operator]
    assert [one.unfit for one in review(room, elsewhere).questions] == [0, 2]
    lower = asking(pair, marks | {"task": marks["task"] | {"low": 2}}, fields=fields)  # type: ignore[operator]
    _, second = review(room, lower).questions
    assert (second.unfit, {example.item for example in second.examples}) == (2, {"1", "2"})
    more = asking(pair, marks | {"task": marks["task"] | {"overlap": True}}, fields=fields[::-1])  # type: ignore[operator]
    found = review(room, more)
    assert (found.fits, found.fields_new, found.fields_gone, found.fields_changed) == (True, [], [], [])


def test_answers_that_came_after_the_preview_are_looked_at(judged: Any) -> None:
    smaller = asking(kind([*CLASSES, {"value": "d"}]))
    change(judged, smaller)
    without_d = asking(kind())
    found = review(judged, without_d)
    assert found.fits
    cam = judged.add_annotator("Cam")
    [lease] = judged.lease(cam, 1)
    asked = Submit(
        project=judged.project, annotator=cam, assignment=lease.id, id="late", kind="answer", answers={"kind": "d"},
        form_version=2, guideline_version=1,
    )  # fmt: skip
    [receipt] = judged.writer.many(judged.collector.submit_many, [asked])
    assert receipt.seq > found.through_seq
    with pytest.raises(ConflictError, match="Got 'd'"):
        change(judged, without_d, found)
    assert judged.read(current_form, judged.project) == read_form(smaller)


def test_a_preview_of_another_version_is_not_trusted(judged: Any) -> None:
    found = review(judged, asking(kind(CLASSES[:2])))
    lying = form_change.msgspec.structs.replace(found, fits=True, form_version=7)
    with pytest.raises(ConflictError):
        change(judged, asking(kind(CLASSES[:2])), lying)


def test_many_answers_are_read_in_chunks(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_change, "_ANSWERS", form_change._ANSWERS.limit(2))
    marks = {"name": "m", "title": "Mark", "task": {"type": "spans", "field": "text", "classes": [{"value": "x"}]}}
    room.make_project(asking(marks))
    room.add_items(5)
    ann = room.add_annotator("Ann")
    for lease in room.lease(ann, 5):
        end = len(json.loads(lease.payload)["text"])
        room.submit(ann, lease.id, answers={"m": [{"start": 0, "end": end, "label": "x"}]})
    found = review(room, asking(marks | {"task": marks["task"] | {"classes": [{"value": "y"}]}}))  # type: ignore[operator]
    assert found.questions[0].unfit == 5
