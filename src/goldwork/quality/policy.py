"""Policy: what the data lead asks of the engine, in whole numbers."""

from __future__ import annotations

from typing import Literal

import msgspec

WHOLE = 10_000
"""Shares are whole numbers of this: 9,500 is 95 %."""
LOWEST, HIGHEST = 1, 5
"""The scale of every criterion of a rubric."""


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that reviewers judge a text by, from LOWEST to HIGHEST: `low` and `high` say what the ends mean."""

    name: str
    question: str
    low: str = ""
    high: str = ""


RUBRIC = (
    Criterion("right", "Is it right?", "wrong or misleading", "right in all it says"),
    Criterion("complete", "Is it complete?", "misses what matters", "nothing is missing"),
    Criterion("clear", "Is it clear and well written?", "hard to follow", "a pleasure to read"),
    Criterion("guideline", "Does it follow the guideline?", "ignores it", "follows it throughout"),
)
"""What texts are reviewed by where the project states nothing else."""


class Policy(msgspec.Struct, frozen=True):
    """What the data lead asked of the engine. Shares in 10,000; `lease_ms`: how long an item is held, milliseconds.

    - `paradigm`: prescriptive, one answer is right and disagreement is error; descriptive, answers are people's views:
      nothing is learned about who is right, and nobody is judged by disagreement
    - `overlap` to `maximum` judgements an item (`maximum` 0: exactly `overlap`), stopped between the two once the
      calibrated confidence reaches `target` (0: never)
    - `slice`: the share of items that always get `slice_overlap` judgements, for honest agreement
    - `adjudicate`: an item that is unsure at the cap waits for an expert; `audited`: the share of items stopped early
      that an expert looks at blind
    - `gold`: whether gold is mixed in, one in every block of `gold_first` items of a first session and of those whose
      rate is raised, later of `gold_block`; `gold_cap`: the most people one gold item is shown to
    - `audits`: one trap or repeat in every so many items; 0: none
    - `floor`: the accuracy on gold below which somebody is taught
    - `quiz`: whether work begins with training items, at most `quiz_items`, `retakes` times again
    - `feedback`: what is said after a gold item of work: nothing, the result at once, or in lots on one's own page
    - `session_minutes`: the longest session before a break is due; 0: none
    - `strategy` names the order in which open items are given; `model`: whether a model is fitted though the strategy
      needs none
    - `price` of a judgement and `budget`, in ten-thousandths of `currency`, for the cost so far; 0: not known
    - `review`: the share of written answers, drawn by lot, that `reviews` peers judge by the `rubric`, blind to who
      wrote them; an expert looks at those whose mean is below `review_floor`, a place on the scale in ten-thousandths
    - `method` and `coefficient` name how answers are merged and agreement is measured; "" leaves it to the task type
    - `suggestions` names the model whose answers are suggested ("": none); `hidden` of them, drawn by lot, are not
      shown, which measures how much those that are shown sway
    """

    overlap: int = 3
    lease_ms: int = 30 * 60_000
    method: str = ""
    coefficient: str = ""
    suggestions: str = ""
    hidden: int = 1000
    paradigm: Literal["prescriptive", "descriptive"] = "prescriptive"
    maximum: int = 0
    target: int = 0
    slice: int = 500
    slice_overlap: int = 3
    adjudicate: bool = True
    audited: int = 200
    gold: bool = True
    gold_first: int = 5
    gold_block: int = 20
    gold_cap: int = 200
    audits: int = 0
    floor: int = 8500
    quiz: bool = False
    quiz_items: int = 20
    retakes: int = 2
    feedback: Literal["none", "immediate", "delayed"] = "delayed"
    session_minutes: int = 0
    strategy: str = "coverage"
    model: bool = False
    price: int = 0
    currency: str = ""
    budget: int = 0
    review: int = 0
    reviews: int = 2
    review_floor: int = 25_000
    rubric: tuple[Criterion, ...] = RUBRIC

    @property
    def most(self) -> int:
        """The cap: the most judgements of an item that a decision opens."""
        return max(self.maximum, self.overlap)

    @property
    def adaptive(self) -> bool:
        """Whether items may stop at different numbers of judgements."""
        return self.target > 0 and self.paradigm == "prescriptive"

    @property
    def alone(self) -> bool:
        """Whether an item may stop at one judgement because it is sure."""
        return self.adaptive and self.overlap == 1
