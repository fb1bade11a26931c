"""Two strategies that people recognise, to read, to run and to begin one's own from."""

from ._crossover import MovingAverageCrossover
from ._quoter import TwoSidedQuoter

__all__ = ["MovingAverageCrossover", "TwoSidedQuoter"]
