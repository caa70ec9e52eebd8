"""Which column means what: the usual names, recognised without options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goldwork.errors import InputError

ROLES: Mapping[str, tuple[str, ...]] = {
    "item": (
        *("item", "item_id", "task", "task_id", "example", "example_id", "unit", "unit_id", "sample", "sample_id"),
        *("instance", "instance_id", "document", "document_id", "doc_id", "external_id", "hit_id", "subject"),
        *("subject_id", "object", "object_id", "pair", "pair_id"),
    ),
    "annotator": (
        *("annotator", "annotator_id", "worker", "worker_id", "rater", "rater_id", "user", "user_id", "coder"),
        *("coder_id", "labeler", "labeller", "labeler_id", "judge", "judge_id", "performer", "participant"),
        *("participant_id", "assessor", "assessor_id", "reviewer", "grader", "observer", "user_name"),
    ),
    "label": (
        *("label", "value", "rating", "answer", "judgement", "judgment", "annotation", "response", "score"),
        *("choice", "class", "category", "vote", "grade", "labels"),
    ),
    "question": ("question", "question_name", "dimension", "aspect", "criterion"),
    "kind": ("kind", "annotator_kind"),
    "submitted_at": ("submitted_at", "submit_time", "created_at", "timestamp"),
    "seconds": ("seconds", "duration_seconds", "time_seconds", "work_time_in_seconds", "lead_time"),
    "weight": ("weight",),
    "session": ("session", "session_id"),
    "batch": ("batch", "batch_id"),
    "guideline": ("guideline", "guideline_version"),
    "shown": ("shown", "shown_order"),
    "suggestion": ("suggestion",),
}
"""Usual column names by what they mean, likeliest first. Case, spaces and signs do not count."""
ORDINARY = ("", "work", "import")
OTHERS = ("gold", "repeat", "practice", "adjudication")
"""What goldwork's own exports say in the column `purpose`: ordinary judgements, and what is no opinion among others."""
NEEDED = ("item", "annotator", "label")
IDENTIFIERS = ("id", "external_id", "item", "item_id", "example_id", "doc_id", "document_id", "uid", "uuid", "name")
"""Usual names of the identifier in a table of items."""
TRUTHS = ("truth", "gold", "gold_label", "true_label", "expert", "answer", *ROLES["label"])
"""Usual names of the known answer in a table of gold answers."""


def plain(name: str) -> str:
    """What two spellings of a name share."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def find(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """The first of `wanted` among `names`, in whatever spelling."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(plain(name), name)
    return next((spelled[plain(word)] for word in wanted if plain(word) in spelled), None)


def assign(names: list[str], given: Mapping[str, str | None], where: str) -> dict[str, str]:
    """Which column of `names` plays which role: as `given`, else by its usual names; each column plays one.

    Raises InputError, which lists the columns, where a needed one is missing or a given one is not there.
    """
    chosen: dict[str, str] = {}
    for role, name in given.items():
        if name is not None and name not in names:
            raise InputError(f"there is no column {name!r}. The columns are: {_listed(names)}.", where=where)
        if name is not None:
            chosen[role] = name
    for role, words in ROLES.items():
        free = [name for name in names if name not in chosen.values()]
        if role not in chosen and (name := find(free, words)) is not None:
            chosen[role] = name
        if role not in chosen and role in NEEDED:
            raise InputError(
                f"no column is called {role}, or anything like it. The columns are: {_listed(names)}. "
                f"Say which one it is: {role}=... in Python, --{role} NAME on the command line.",
                where=where,
            )
    return chosen


def _listed(names: list[str]) -> str:
    return (", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")) or "none"
