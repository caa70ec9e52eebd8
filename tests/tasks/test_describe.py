"""Task types and templates, as whoever builds a form is told of them."""

from __future__ import annotations

from importlib import resources
from typing import Any, ClassVar, Literal

import msgspec
import pytest

from goldwork.errors import InputError, UnknownNameError
from goldwork.tasks import describe as described
from goldwork.tasks import task_type, templates
from goldwork.tasks.describe import describe, describe_types
from goldwork.tasks.form import Form, Keys, Option
from goldwork.tasks.questions import FORMAT, draw_form, form_file, read_form

NAMES = task_type.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_every_task_type_is_drawn(name: str) -> None:
    told = describe(name)
    assert told.example is not None
    assert told.example["type"] == name
    shows = [{"name": field, "show": (told.shows or ["text"])[0]} for field in fields_of(told.example)]
    form = {"fields": shows, "questions": [{"name": "q", "title": "Q?", "task": told.example}]}
    [drawn] = draw_form(read_form(form))["questions"]
    assert drawn["form"]["primitives"]


def fields_of(task: dict[str, Any]) -> list[str]:
    return [task["field"]] if "field" in task else list(task.get("fields", ()))


def test_descriptions_say_what_it_is_and_what_may_be_set() -> None:
    told = {one.name: one for one in describe_types()}
    assert told["choice"].about == "One class out of several, which may be nested."
    assert "`unsure`" in told["choice"].help
    assert told["boxes"].shows == ["image"]
    assert told["chat"].shows == ["chat"]
    assert "type" not in told["choice"].settings["properties"]
    assert told["choice"].settings["required"] == ["classes"]
    assert told["rating"].settings["properties"]["level"]["enum"] == ["interval", "ordinal"]
    with pytest.raises(UnknownNameError, match="no task_type is called 'nothing'"):
        describe("nothing")


class Deep(msgspec.Struct, frozen=True):
    rows: tuple[str, ...]
    mark: Literal["x", "y"]


class Demanding(msgspec.Struct, frozen=True, tag="demanding-one"):
    """Asks much. More is said here.

    And here.
    """

    pairs: tuple[Deep, Deep]
    names: tuple[str, ...]
    ratio: float
    bare: bool
    either: int | str
    inner: Deep

    kind: ClassVar[str] = "any"

    def __post_init__(self) -> None:
        if len(self.names) != 3 or len(set(self.names)) < 3:
            raise InputError("three names that differ.")

    def form(self) -> Form:
        return Form((Keys(tuple(Option(name, name) for name in self.names)),))


class Impossible(msgspec.Struct, frozen=True, tag="impossible"):
    """Cannot be guessed."""

    secret: str

    def __post_init__(self) -> None:
        if self.secret != "swordfish":
            raise InputError("no.")


def test_an_example_is_found_for_a_type_that_only_has_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    types: dict[str, Any] = {"demanding-one": Demanding, "impossible": Impossible}
    monkeypatch.setattr(described.task_type, "get", types.__getitem__)
    told = describe.__wrapped__("demanding-one")
    assert (told.title, told.about) == ("Demanding one", "Asks much.")
    assert msgspec.convert(told.example, Demanding).names == ("a", "b", "c")
    assert told.settings["$defs"]["Deep"]["properties"].keys() == {"rows", "mark"}
    told = describe.__wrapped__("impossible")
    assert (told.example, told.shows, told.settings["required"]) == (None, [], ["secret"])


# Templates.

ALL = templates.templates()


def test_no_template_lies_about_unlisted() -> None:
    there = {file.name for file in resources.files(templates).iterdir() if file.name.endswith(".json")}
    assert there == {f"{name}.json" for name in templates.ORDER}
    with pytest.raises(UnknownNameError, match="no template is called '../secret'"):
        templates.read_template("../secret")


@pytest.mark.parametrize("template", ALL, ids=lambda one: one.name)
def test_every_template_reads_draws_and_fits_its_samples(template: templates.Template) -> None:
    form = read_form(template.form)
    assert draw_form(form)["questions"]
    assert template.title
    assert template.about.endswith(".")
    assert template.guideline.startswith("# ")
    assert len(template.samples) == 3
    shows = form.shows()
    for sample in template.samples:
        assert sample.keys() == shows.keys()
        for name, show in shows.items():
            assert isinstance(sample[name], str)
            assert sample[name].startswith(f"data:{show}/") == (show in ("image", "audio"))
            if show == "chat":
                assert [turn["role"] for turn in msgspec.json.decode(sample[name])]


@pytest.mark.parametrize("template", ALL, ids=lambda one: one.name)
def test_a_form_goes_through_a_file(template: templates.Template) -> None:
    form = read_form(template.form)
    file = msgspec.json.decode(msgspec.json.encode(form_file(form)))
    assert file["goldwork_form"] == FORMAT
    assert read_form(file) == form


@pytest.mark.parametrize("version", [FORMAT + 1, 0, "1", None, True])
def test_a_form_file_of_another_format_is_refused(version: Any) -> None:
    file = form_file(read_form(ALL[0].form)) | {"goldwork_form": version}
    with pytest.raises(InputError, match="form, goldwork_form: this goldwork reads forms of format 1"):
        read_form(file)
