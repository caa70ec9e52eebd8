"""The samples are sound: what is shown fits its form, and gives no truth away."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from goldwork.consensus import infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.judgements import Judgements
from goldwork.sim import make_crowd
from goldwork.sim.samples import Sample, digits
from goldwork.sim.samples.digits import digits as make_digits
from goldwork.sim.samples.digits import look_alikes
from goldwork.sim.samples.messages import messages as make_messages
from goldwork.tasks.questions import draw_form, read_form

SAMPLES = {"digits": make_digits(), "messages": make_messages()}


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> Sample:
    return SAMPLES[request.param]


def test_rows_fit_the_form(sample: Sample) -> None:
    fields = {field.name for field in read_form(sample.form).fields}
    assert all(set(row) == {"id"} | fields for row in sample.rows)
    assert all(value.strip() == value != "" for row in sample.rows for value in row.values())


def test_rows_and_stimuli_are_the_same_items(sample: Sample) -> None:
    ids = [row["id"] for row in sample.rows]
    assert ids == [stimulus.item for stimulus in sample.stimuli]
    assert len(set(ids)) == len(ids)
    assert set(sample.truth.values()) == set(sample.classes)


def test_every_class_has_a_key(sample: Sample) -> None:
    [question] = draw_form(read_form(sample.form))["questions"]
    keys = [option["key"] for option in question["form"]["primitives"][0]["options"]]
    assert len(set(keys)) == len(sample.classes) == len(keys)


def test_the_file_does_not_give_the_truth_away(sample: Sample) -> None:
    """Classes are mixed in the file's order, and ids do not tell them."""
    truth = np.array([stimulus.truth for stimulus in sample.stimuli])
    assert (truth[1:] == truth[:-1]).mean() < 0.3
    assert not any(value in row["id"] for row in sample.rows for value in sample.classes if value.isalpha())


def test_guideline_explains_every_class() -> None:
    sample = SAMPLES["messages"]
    classes = sample.form["questions"][0]["task"]["classes"]
    assert [option["label"] for option in classes if f"| **{option['label']}** |" not in sample.guideline] == []


def test_a_crowd_judges_it_as_people_would(sample: Sample) -> None:
    """Errors enough to show what consensus is for, and few enough that it works."""
    draw = np.random.default_rng(1)
    crowd = make_crowd(classes=len(sample.classes), seed=1)
    table = Judgements.from_records(
        {"item": stimulus.item, "annotator": member.name, "label": sample.classes[member.answer(stimulus).choice]}
        for stimulus in sample.stimuli
        for member in draw.choice(np.array(crowd, dtype=object), sample.overlap, replace=False)
    )
    majority, skilled = (
        float(expected_accuracy(infer_consensus(table, method), sample.truth)) for method in ("majority", "dawid-skene")
    )
    assert 0.8 < majority < 0.97
    assert majority - 0.005 < skilled < 0.99


def test_digits_are_all_there() -> None:
    sample = SAMPLES["digits"]
    assert len(sample.rows) == 1797
    assert [int(value) for value in list(sample.truth.values())[:10]] == list(range(10))
    assert len(make_digits(5).rows) == 5


def test_digits_equal_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    dots, truth = load_digits(return_X_y=True)
    read, digit = digits._read()
    np.testing.assert_array_equal(read, dots)
    np.testing.assert_array_equal(digit, truth)


def test_pictures_are_sharp() -> None:
    sample = SAMPLES["digits"]
    assert sample.picture is not None
    with Image.open(io.BytesIO(sample.picture("digit-0001.png"))) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (256, 256), "L")
        shades = np.asarray(picture)
    dots = digits._read()[0][0].reshape(8, 8)
    np.testing.assert_array_equal(shades, np.kron(np.round(255 - 255 * dots / 16), np.ones((32, 32))))


def test_look_alikes_are_the_nearest() -> None:
    rows = np.array([[float(i)] for i in range(11)] + [[100.0 + i] for i in range(11)])
    truth = np.array([0] * 10 + [1] + [2] * 11)
    difficulty, alternatives = look_alikes(rows, truth)
    assert difficulty[0] == 0.1
    assert alternatives[0] == {1: 1}
    assert difficulty[10] == 1
    assert alternatives[10] == {0: 10}
    assert difficulty[11:] == [0.0] * 11


def test_messages_have_enough_of_every_class() -> None:
    truth = list(SAMPLES["messages"].truth.values())
    assert len(truth) == 112
    assert {value: truth.count(value) for value in truth} == dict.fromkeys(truth, 0) | {
        "answer": 22, "mend": 22, "change": 24, "money": 23, "heard": 21,
    }  # fmt: skip


def test_messages_that_can_be_read_in_two_ways_say_so() -> None:
    doubts = [stimulus.difficulty for stimulus in SAMPLES["messages"].stimuli if stimulus.alternatives]
    assert sum(doubt >= 0.4 for doubt in doubts) >= 10
    assert max(doubts) <= 0.5
    assert all(bool(s.alternatives) == (s.difficulty > 0) for s in SAMPLES["messages"].stimuli)


def test_messages_are_typed_plainly() -> None:
    text = " ".join(row["message"] for row in SAMPLES["messages"].rows)
    assert re.findall(r"[^\x20-\x7e]", text) == []
    assert re.findall(r"@|https?:|\+\d", text) == []
