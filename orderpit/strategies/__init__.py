"""Three strategies that people recognise, to read, to run and to begin one's own from."""

from ._breakout import BracketedBreakout
from ._crossover import MovingAverageCrossover
from ._quoter import TwoSidedQuoter

__all__ = ["BracketedBreakout", "MovingAverageCrossover", "TwoSidedQuoter"]
