"""Rules: names of the ways to choose the threshold of a decision between two classes."""

from typing import Literal

Rule = Literal["0.5", "youden", "f1"]
RULES: tuple[Rule, ...] = ("0.5", "youden", "f1")
