"""The engine: a game is networks and players who take turns; one definition for TensorFlow, JAX and torch."""

from course_utils.game.bookkeeping import Diverged
from course_utils.game.checkpoints import Checkpoint
from course_utils.game.game import Game
from course_utils.game.players import Average, Player
from course_utils.game.takes import Examples, Labels, Levels, Tokens, examples_of

__all__ = [
    "Average", "Checkpoint", "Diverged", "Examples", "Game", "Labels", "Levels", "Player", "Tokens", "examples_of",
]  # fmt: skip
