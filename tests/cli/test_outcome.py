"""How a demonstration went, in figures and sentences."""

from __future__ import annotations

import json

from goldwork.cli.simulated.outcome import measure, sentences
from goldwork.judgements import Judgements
from goldwork.sim import make_crowd
from goldwork.sim.samples.messages import messages


def judged(items: int, people: int) -> Judgements:
    sample = messages()
    crowd = make_crowd(classes=5, seed=2)[:people]
    return Judgements.from_records(
        {"item": stimulus.item, "annotator": member.name, "label": sample.classes[member.answer(stimulus).choice]}
        for stimulus in sample.stimuli[:items]
        for member in crowd
    )


def test_figures_come_with_their_intervals() -> None:
    found = measure(messages(), judged(60, 4))
    assert (found["items"], found["of_items"], found["judgements"], found["annotators"]) == (60, 112, 240, 4)
    agreement = found["agreement"]
    assert agreement["low"] < agreement["value"] < agreement["high"]
    assert (agreement["coefficient"], agreement["items"], agreement["judgements"]) == ("alpha", 60, 240)
    for score in found["accuracy"].values():
        assert score["items"] == 60
        assert 0.7 < score["low"] < score["value"] < score["high"] < 1
    json.dumps(found, allow_nan=False)


def test_sentences_say_the_figures() -> None:
    found = measure(messages(), judged(60, 4))
    said = sentences(found)
    assert said[0] == "Messages to a shop: 240 judgements on 60 of 112 items, by 4 people."
    agreement = found["agreement"]
    assert said[1] == f"  Agreement (alpha) {agreement['value']:.3f}. {agreement['sentence']}"
    majority = found["accuracy"]["majority"]["value"]
    assert any(f"the majority is right on {majority:.1%} of the judged items (95 % interval" in line for line in said)
    assert any("Dawid-Skene is right on" in line for line in said)


def test_nothing_judged_is_said() -> None:
    found = measure(messages(), judged(0, 0))
    assert (found["judgements"], found["agreement"], found["accuracy"]) == (0, None, None)
    assert sentences(found) == ["Messages to a shop: 0 judgements on 0 of 112 items, by 0 people."]


def test_one_judgement_is_no_agreement() -> None:
    found = measure(messages(), judged(1, 1))
    assert found["agreement"]["value"] is None
    assert found["accuracy"]["majority"]["items"] == 1
    json.dumps(found, allow_nan=False)
    assert any(line.startswith("  Note: ") for line in sentences(found))
