"""Simulated annotators, and samples for them to judge. Pure: no database, no socket.

`behaviours` says how one kind of person answers, `annotator` puts a person before an item, `crowd` makes many of
them, `samples` are ready-made projects whose truth is known.
"""

from goldwork.sim.annotator import Annotator, Answer, Stimulus
from goldwork.sim.behaviours import Moment
from goldwork.sim.crowd import make_annotator, make_crowd

__all__ = ["Annotator", "Answer", "Moment", "Stimulus", "make_annotator", "make_crowd"]
