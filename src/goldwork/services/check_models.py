"""Part of `goldwork check`: models, the order that they want, the policies chosen by them, and blind comparisons.

None of it is derived from the log; but it refers to the log and to each other, and a blind comparison that tells who is
new, or lets somebody judge who taught the model, is none.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.quality.policy import Policy as ProjectPolicy
from goldwork.services import evaluating
from goldwork.services.blind import FIELDS, Pair
from goldwork.services.improve import Choice, Policy
from goldwork.services.models import ModelVersion, by_model
from goldwork.services.packed import unpack
from goldwork.services.reward import RewardEvaluation
from goldwork.store.schema import blind, candidates, chosen, item, model, reward_model, second_look, submit

Found = Iterator[tuple[str, str]]
Read = Callable[[Any], object]

_UNREADABLE = (InputError, OSError, EOFError, ValueError, KeyError, zlib.error, msgspec.DecodeError)
"""What broken bytes raise; msgspec's ValidationError is a DecodeError."""
_MODELS = sa.select(model).where(model.c.project == bind("project")).order_by(model.c.version)
_REWARDS = sa.select(reward_model).where(reward_model.c.project == bind("project")).order_by(reward_model.c.version)
_SETS = sa.select(candidates).where(candidates.c.project == bind("project")).order_by(candidates.c.version)
_CHOSEN = sa.select(chosen).where(chosen.c.project == bind("project")).order_by(chosen.c.version)
_LOOKS = (
    sa.select(second_look.c.id, second_look.c.seq, second_look.c.item, item.c.project.label("of"))
    .select_from(second_look.outerjoin(item, item.c.id == second_look.c.item))
    .where(
        second_look.c.project == bind("project"),
        item.c.project.is_distinct_from(second_look.c.project) | (second_look.c.seq > bind("seq")),
    )
    .order_by(second_look.c.id)
)
_RANKED = (
    sa.select(item.c.id, item.c.rank).where(item.c.project == bind("project"), item.c.rank != 0).order_by(item.c.id)
)
_BLIND = sa.select(blind).where(blind.c.project == bind("project"))
_POLICY = (
    sa.select(chosen.c.content, reward_model.c.through_seq)
    .join(reward_model, (reward_model.c.project == chosen.c.project) & (reward_model.c.version == chosen.c.model))
    .where(chosen.c.project == bind("project"), chosen.c.version == bind("version"))
)
_SHOWN = sa.select(item.c.external_id, item.c.payload).where(item.c.project == bind("project")).order_by(item.c.id)
_voted = (
    sa.select(submit.c.annotator)
    .distinct()
    .where(submit.c.project == bind("project"), submit.c.kind == "answer")
    .subquery("voted")
)
_TAUGHT = (
    sa.select(_voted.c.annotator)
    .where(
        sa.exists().where(
            submit.c.project == bind("parent"),
            submit.c.annotator == _voted.c.annotator,
            submit.c.seq + 0 <= bind("through"),  # found by who, not by when
            submit.c.kind == "answer",
        )
    )
    .order_by(_voted.c.annotator)
)


def check_models(connection: Connection, row: Any) -> Found:
    """What does not agree in a project, given by its row, as what it is and where to look."""
    here = {"project": row.id}
    yield from _check_versions(connection, row)
    for look in connection.execute(_LOOKS, here | {"seq": row.seq}):
        yield "second look", f"look {look.id}: of item {look.item} at {look.seq}, which the project does not have"
    yield from _check_ranks(connection, row)
    yield from _check_policies(connection, row.id)
    for one in connection.execute(_BLIND, here):
        yield from _check_blind(connection, one)


def _check_versions(connection: Connection, row: Any) -> Found:
    from goldwork.learning.model import Model
    from goldwork.preference.reward import RewardModel

    about_model: Read = msgspec.json.Decoder(ModelVersion).decode
    about_reward: Read = msgspec.json.Decoder(RewardEvaluation).decode
    kinds: tuple[tuple[str, Any, dict[str, Read]], ...] = (
        ("model", _MODELS, {"body": about_model, "content": Model.from_bytes, "said": evaluating.unpack}),
        ("reward model", _REWARDS, {"body": about_reward, "content": RewardModel.from_bytes}),
    )
    for what, statement, readers in kinds:
        version = through = 0
        for one in connection.execute(statement, {"project": row.id}):
            if one.version != version + 1 or not through <= one.through_seq <= row.seq:
                at = f"version {one.version} through {one.through_seq}"
                yield what, f"{at}: follows {version} through {through}, and the log ends at {row.seq}"
            version, through = one.version, one.through_seq
            for column, read in readers.items():
                content = getattr(one, column)
                if content is not None and (why := _broken(read, content)):
                    yield what, f"version {version}: its {column} cannot be read: {why}"


def _broken(read: Read, content: Any) -> str:
    """Why something cannot be read; empty where it can."""
    try:
        read(content)
    except _UNREADABLE as error:
        return str(error)
    return ""


def _check_ranks(connection: Connection, row: Any) -> Found:
    try:
        ordered = by_model(msgspec.json.decode(row.policy, type=ProjectPolicy))
    except msgspec.DecodeError:
        return  # which is said of the policy
    for one in connection.execute(_RANKED, {"project": row.id}):
        if one.rank > 0 or not ordered or row.ranking < 0:
            yield "rank", f"item {one.id}: has rank {one.rank}, where no model puts the items in that order"


def _check_policies(connection: Connection, project_id: int) -> Found:
    here, sets = {"project": project_id}, 0
    for one in connection.execute(_SETS, here):
        if one.version != (sets := sets + 1):
            yield "candidates", f"set {one.version}: is not the one after {sets - 1}"
        try:
            there = unpack(one.content, dict[str, list[str]])
        except _UNREADABLE as error:
            yield "candidates", f"set {one.version}: cannot be read: {error}"
            continue
        said, found = (one.prompts, one.responses), (len(there), sum(map(len, there.values())))
        if said != found:
            yield "candidates", f"set {one.version}: says {said} prompts and responses, has {found}"
    version = 0
    for one in connection.execute(_CHOSEN, here):
        if one.version != (version := version + 1):
            yield "policy", f"version {one.version}: is not the one after {version - 1}"
        try:
            told, made = msgspec.json.decode(one.body, type=Policy), unpack(one.content, list[Choice])
        except _UNREADABLE as error:
            yield "policy", f"version {one.version}: cannot be read: {error}"
            continue
        if (told.version, told.model) != (one.version, one.model):
            yield "policy", f"version {one.version}: says that it is {told.version} by model {told.model}"
        if (told.prompts, told.differ) != (len(made), sum(choice.old != choice.new for choice in made)):
            yield "policy", f"version {one.version}: its choices are not those that it tells of"
        if not 0 <= told.against < one.version or not 0 < told.candidates <= sets:
            at = f"candidates {told.candidates}, against {told.against}"
            yield "policy", f"version {one.version}: refers to {at}, of which one is not there"


def _check_blind(connection: Connection, row: Any) -> Found:
    """Of a comparison: what it compares, what its items show, and who judged."""
    policy = connection.execute(_POLICY, {"project": row.parent, "version": row.policy}).one_or_none()
    try:
        pairs = {one.item: one for one in unpack(row.content, list[Pair])}
        choices = set() if policy is None else {(c.prompt, c.old, c.new) for c in unpack(policy.content, list[Choice])}
    except _UNREADABLE as error:
        yield "blind", f"project {row.project}: its lots cannot be read: {error}"
        return
    if policy is None or policy.through_seq != row.through_seq or row.parent == row.project:
        at = f"project {row.parent}, policy {row.policy} through {row.through_seq}"
        yield "blind", f"project {row.project}: compares {at}, which is not there"
    elif strange := [one.item for one in pairs.values() if (one.prompt, one.old, one.new) not in choices]:
        yield "blind", f"project {row.project}: pair {strange[0]} is none of the policy's choices"
    for name, payload in connection.execute(_SHOWN, {"project": row.project}):
        if name in pairs and not _shows(pairs[name], msgspec.json.decode(payload)):
            yield "blind", f"item {name!r}: does not show its pair's two sides as the lot said"
    for (who,) in connection.execute(
        _TAUGHT, {"project": row.project, "parent": row.parent, "through": row.through_seq}
    ):
        yield "blind", f"annotator {who}: judged here and what the model has learned from"


def _shows(pair: Pair, payload: dict[str, Any]) -> bool:
    sides = {name: pair.new if name == pair.field else pair.old for name in FIELDS}
    return pair.field in FIELDS and payload == {"prompt": pair.prompt, **sides}
