"""Bias: what groups of people say differently, and who says a class or takes a place on the screen too often.

The unit is always the person. Nothing is tested with fewer than ten people on a side, nothing shown of fewer than five,
and nothing from which that could be worked out by subtraction. A difference is no error: which group is right is not
said, and in projects about people's views nobody is.
"""

from __future__ import annotations

from goldwork.bias.by_item import ItemRows
from goldwork.bias.differences import ClassDifference, GroupDifferences, group_differences
from goldwork.bias.habits import Habits, class_bias, position_bias
from goldwork.bias.privacy import LEAST_SHOWN, LEAST_TESTED

__all__ = [
    "LEAST_SHOWN",
    "LEAST_TESTED",
    "ClassDifference",
    "GroupDifferences",
    "Habits",
    "ItemRows",
    "class_bias",
    "group_differences",
    "position_bias",
]
