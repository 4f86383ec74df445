"""The cases: per operation a generator, the element types it is written in, and how many of each."""

from cases import activations, arithmetic, patterns, shapes, windows
from cases.patterns import models

CASES = {**windows.CASES, **arithmetic.CASES, **activations.CASES, **shapes.CASES, **patterns.CASES}
__all__ = ["CASES", "models"]
