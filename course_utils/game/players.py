"""Who plays a game: players, and the averages of what they move."""

import dataclasses
from collections.abc import Callable, Sequence

import keras


@dataclasses.dataclass(frozen=True)
class Player:
    """One player: the networks that it moves, the loss that it descends, its optimizer, its turns an iteration.

    Args:
        name: prefix of its logs, such as "critic".
        networks: built keras.Models. Two players may move the same network; each keeps its own optimizer state.
        loss: `loss(batch, training)` returns the scalar to minimise, or `(scalar, {name: scalar to log})`. It calls
            its networks with `training=training`. In its k-th turn it is given the k-th batch of the iteration.
        optimizer: a keras optimizer that no other player uses.
        turns: updates an iteration, at least 1.
    """

    name: str
    networks: Sequence[keras.Model]
    loss: Callable
    optimizer: keras.optimizers.Optimizer
    turns: int = 1

    @property
    def variables(self):
        """The trainable variables of its networks, each once."""
        return list({id(v): v for n in self.networks for v in n.trainable_variables}.values())


@dataclasses.dataclass(frozen=True)
class Average:
    """An exponential moving average of a network's weights, kept in a second network of the same shape.

        average ← average + (1 − dₜ)·(weight − average),   dₜ = min(decay, (1 + t) / (10 + t))

    Trainable weights and batch-norm statistics are averaged; the vectors of a spectral norm are those of the moment;
    counters and seeds stay the average's own.
    Source: Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training"; the ramp dₜ keeps the
    initial weights from lingering in short runs.

    Args:
        network: a built keras.Model that a player moves.
        average: a network made by the same function; it starts as a copy.
        decay: float in [0, 1).
    """

    network: keras.Model
    average: keras.Model
    decay: float = 0.999

    def pairs(self):
        """Yields (average's variable, network's variable, whether it is averaged rather than copied)."""
        for mine, theirs in zip(self.average.weights, self.network.weights, strict=True):
            if "float" in theirs.dtype:
                yield mine, theirs, theirs.trainable or "moving_" in theirs.name


def check_players(players):
    """Refuses players who could not play together."""
    if not players:
        raise ValueError("Found a game without players, expected at least one; give it a list of Player.")
    names = [p.name for p in players]
    if len(set(names)) != len(names):
        raise ValueError(f"Found player names {names}, expected each once; rename one.")
    if len({id(p.optimizer) for p in players}) != len(players):
        raise ValueError("Found one optimizer for two players, expected one each; make a second one.")
    for player in players:
        for network in player.networks:
            if not network.built:
                raise ValueError(
                    f"Found the unbuilt network {network.name!r} of player {player.name!r}, expected a built one; "
                    "give it an Input or call it once."
                )
            if any(layer.compute_dtype == "float16" for layer in network._flatten_layers()):
                raise ValueError(
                    f"Found float16 in the network {network.name!r}, expected float32 or mixed_bfloat16, since "
                    "players' optimizers do no loss scaling; set the policy mixed_bfloat16."
                )
        if player.optimizer.use_ema:
            raise ValueError(
                f"Found use_ema in the optimizer of player {player.name!r}, expected none, since it would skip "
                "batch-norm statistics; give the game an Average."
            )
        if player.turns < 1:
            raise ValueError(f"Found turns={player.turns} for player {player.name!r}, expected at least 1.")


def check_averages(players, averages):
    """Refuses an average that a player moves, which would not be one."""
    moved = {id(network) for player in players for network in player.networks}
    for average in averages:
        if id(average.average) in moved:
            raise ValueError(
                f"Found the average {average.average.name!r} among the networks that a player moves, expected a "
                "network of its own; build a second one by the same function."
            )
