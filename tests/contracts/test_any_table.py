"""Whatever the table holds: a result with its warnings, or an InputError. Nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldwork.agreement import LEVELS, coefficient, measure_agreement
from goldwork.consensus import consensus, infer_consensus
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from tests.test_judgements import JSON, records

OPTIONS = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@OPTIONS
@given(records() | records(JSON), st.sampled_from(coefficient.names()), st.sampled_from(LEVELS))
def test_agreement_of_anything(rows: list[dict[str, Any]], name: str, level: str) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    with contextlib.suppress(InputError):
        for question in table.questions.tolist():
            agreement = measure_agreement(table, name, level=level, question=question, resamples=20)
            assert agreement.sentence
            if agreement.low == agreement.low:
                assert agreement.low <= agreement.value <= agreement.high


@OPTIONS
@given(records() | records(JSON), st.sampled_from(consensus.names()))
def test_consensus_of_anything(rows: list[dict[str, Any]], name: str) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    with contextlib.suppress(InputError):
        for question in table.questions.tolist():
            made = infer_consensus(table, name, question=question)
            assert len(made.to_records()) == len(made.items)
            least = made.confidence.min(initial=1)
            assert least > 0 or (least == 0 and made.codes is None), "only a choice has a probability above 0"
