"""Samples: ready-made projects whose truth is known, for the demonstration, for tests and for simulations.

A sample knows its truth and how hard each item is, for simulated annotators; what is imported into a project is
`rows` and `pictures` alone, which hold neither.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from goldwork.sim.annotator import Stimulus


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """A project with one choice question.

    - `form`: the project's form, as `goldwork.tasks.questions.read_form` reads it
    - `rows`: one an item, with its `id` and the form's fields; a field shown as image holds a file's name
    - `stimuli`: what simulated people see of each row, in the same order
    - `picture`: from such a file's name to its PNG, or None where no field is an image
    """

    name: str
    form: dict[str, Any]
    guideline: str
    overlap: int
    rows: tuple[dict[str, str], ...]
    stimuli: tuple[Stimulus, ...]
    picture: Callable[[str], bytes] | None = None

    @property
    def question(self) -> str:
        return str(self.form["questions"][0]["name"])

    @property
    def classes(self) -> list[str]:
        """The values of the question's classes, in their order."""
        return [str(option["value"]) for option in self.form["questions"][0]["task"]["classes"]]

    @property
    def truth(self) -> dict[str, str]:
        """The right class's value by item id."""
        return {stimulus.item: self.classes[stimulus.truth] for stimulus in self.stimuli}
