"""Messages to an online shop, all made up for this purpose: what does the writer want?

Every fourth can be read in a second way; `doubt` is the share of careful readers who would, as the author guesses.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from goldwork.sim.annotator import Stimulus
from goldwork.sim.samples import Sample

CLASSES: list[dict[str, str]] = [
    {"value": "answer", "label": "An answer", "help": "To know something; nothing else has to happen"},
    {"value": "mend", "label": "Something put right", "help": "Broken, missing, wrong or lost, to be made good"},
    {"value": "change", "label": "A change", "help": "An order, a delivery or an account changed or cancelled"},
    {"value": "money", "label": "Money back", "help": "A refund, a lower price, a charge corrected"},
    {"value": "heard", "label": "To be heard", "help": "Praise, anger, a thought; nothing is asked for"},
]
FORM: dict[str, Any] = {
    "fields": [{"name": "message", "show": "text"}],
    "questions": [
        {
            "name": "wants",
            "title": "What does the writer want?",
            "help": "What should the shop do? Not what the message is about.",
            "task": {"type": "choice", "classes": CLASSES},
        }
    ],
}
LOOK, PER_CHARACTER = 2.0, 0.03
"""Seconds to decide and to read a character: about 400 words a minute, as people skim."""


def messages() -> Sample:
    """112 messages in five classes."""
    folder = resources.files(__package__)
    code = {option["value"]: position for position, option in enumerate(CLASSES)}
    lines = (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return Sample(
        name="Messages to a shop",
        form=FORM,
        guideline=(folder / "messages.md").read_text(encoding="utf-8"),
        overlap=5,
        rows=tuple({"id": record["id"], "message": record["text"]} for record in records),
        stimuli=tuple(
            Stimulus(
                item=record["id"],
                truth=code[record["wants"]],
                difficulty=record.get("doubt", 0.0),
                alternatives={code[record["also"]]: 1.0} if "also" in record else {},
                seconds=LOOK + PER_CHARACTER * len(record["text"]),
            )
            for record in records
        ),
    )
