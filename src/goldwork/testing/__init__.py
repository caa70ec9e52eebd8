"""The contracts of goldwork's plug-ins, as checks to run over your own.

Each check takes the registered name and raises AssertionError, saying what it expected. All in one go:

    >>> from goldwork.testing import check_coefficient, check_consensus
    >>> check_coefficient("percent")
    >>> check_consensus("majority")

or one test a check, with pytest:

    @pytest.mark.parametrize("check", consensus_checks("my-method"), ids=lambda check: check.__name__)
    def test_contract(check):
        check("my-method")
"""

from __future__ import annotations

from goldwork.testing.coefficients import COEFFICIENT_CHECKS, check_coefficient
from goldwork.testing.consensus_methods import check_consensus, consensus_checks
from goldwork.testing.crowds import Crowd, simulate_crowd
from goldwork.testing.distances import DISTANCE_CHECKS, check_distance
from goldwork.testing.exchanges import EXCHANGE_CHECKS, check_exchange
from goldwork.testing.flags import FLAG_CHECKS, check_flag
from goldwork.testing.formats import FORMAT_CHECKS, check_format
from goldwork.testing.kinds import Answers, Kind, simulate_answers
from goldwork.testing.preferences import Preferences, simulate_preferences
from goldwork.testing.strategies import STRATEGY_CHECKS, check_strategy
from goldwork.testing.task_types import TASK_TYPE_CHECKS, Sample, check_task_type

__all__ = [
    "COEFFICIENT_CHECKS",
    "DISTANCE_CHECKS",
    "EXCHANGE_CHECKS",
    "FLAG_CHECKS",
    "FORMAT_CHECKS",
    "STRATEGY_CHECKS",
    "TASK_TYPE_CHECKS",
    "Answers",
    "Crowd",
    "Kind",
    "Preferences",
    "Sample",
    "check_coefficient",
    "check_consensus",
    "check_distance",
    "check_exchange",
    "check_flag",
    "check_format",
    "check_strategy",
    "check_task_type",
    "consensus_checks",
    "simulate_answers",
    "simulate_crowd",
    "simulate_preferences",
]
