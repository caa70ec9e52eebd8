"""Features: what a model sees of a text or a picture, as a row of numbers.

A text becomes counts of hashed words and of runs of letters, a picture its pixels and the directions of its edges;
whoever has better ones uploads them. What is counted of one item depends on its content alone, so that it can be kept
by the content's hash; what depends on the whole pool, such as how rare a word is, is weighed each time.

    >>> rows = weigh(count_texts(["who wrote it?", "who painted it?", "how many are there?"]))
    >>> likeness = (rows @ rows.T).toarray()
    >>> bool(likeness[0, 1] > likeness[0, 2])
    True
"""

from __future__ import annotations

from goldwork.features.files import read_features
from goldwork.features.kept import Kept
from goldwork.features.pictures import describe_picture
from goldwork.features.texts import Weights, count_texts, count_words, weigh

__all__ = ["Kept", "Weights", "count_texts", "count_words", "describe_picture", "read_features", "weigh"]
