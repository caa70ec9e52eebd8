"""The loop of a project: its reward models, the policies that they chose, and what people said of these."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from goldwork.services import blind, improve, jobs, reward
from goldwork.services.blind_results import Comparison, comparisons
from goldwork.services.improve import CandidateSet, Policy

LISTED = 20
"""Rounds shown: the latest."""


class ModelInShort(msgspec.Struct, frozen=True):
    """A reward model as a step of the loop."""

    version: int
    made_at: int
    verdict: str
    sentence: str


class Round(msgspec.Struct, frozen=True):
    """One turn: a policy, and its comparison where there is one."""

    policy: Policy
    comparison: Comparison | None


class Loop(msgspec.Struct, frozen=True):
    """The whole loop. `rounds`: the latest, oldest first; `job`: the latest choice or comparison, where it goes on or
    has failed."""

    models: list[ModelInShort]
    candidates: CandidateSet | None
    rounds: list[Round]
    job: jobs.Job | None


def page(connection: Connection, project_id: int) -> Loop:
    """The loop as it stands."""
    policies = improve.policies(connection, project_id, LISTED)
    compared = comparisons(connection, project_id, [one.version for one in policies])
    return Loop(
        models=[
            ModelInShort(one.version, one.made_at, one.evaluation.verdict, one.evaluation.sentence)
            for one in reward.models(connection, project_id)
        ],
        candidates=improve.candidate_set(connection, project_id),
        rounds=[Round(one, compared.get(one.version)) for one in policies],
        job=jobs.unfinished(connection, project_id, [improve.KIND, blind.KIND]),
    )
