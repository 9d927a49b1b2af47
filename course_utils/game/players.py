"""Who plays a game: players, and the averages of what they move."""

import dataclasses
import inspect
from collections.abc import Callable, Sequence

import keras

from course_utils import backend, checks


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
    for player in players:
        if not isinstance(player, Player):
            raise TypeError(f"Found {type(player).__name__} among the players, expected Player; make one of it.")
        _check_networks(player)
        _check_loss(player)
        _check_optimizer(player)
        checks.count(player.turns, f"turns of player {player.name!r}")
    names = [p.name for p in players]
    if len(set(names)) != len(names):
        raise ValueError(f"Found player names {names}, expected each once; rename one.")
    if len({id(p.optimizer) for p in players}) != len(players):
        raise ValueError("Found one optimizer for two players, expected one each; make a second one.")


def check_averages(players, averages):
    """Refuses an average that would not be one: of a stranger, of another shape, or moved by a player."""
    moved = {id(network) for player in players for network in player.networks}
    for average in averages:
        if not isinstance(average, Average):
            raise TypeError(f"Found {type(average).__name__} among the averages, expected Average; make one of it.")
        if not 0 <= average.decay < 1:
            raise ValueError(f"Found decay={average.decay} of an Average, expected a number in [0, 1); take 0.999.")
        if id(average.network) not in moved:
            raise ValueError(
                f"Found an Average of {average.network.name!r}, which no player moves, expected a network of this "
                "game; average one that is moved."
            )
        if id(average.average) in moved:
            raise ValueError(
                f"Found the average {average.average.name!r} among the networks that a player moves, expected a "
                "network of its own; build a second one by the same function."
            )
        if [tuple(v.shape) for v in average.average.weights] != [tuple(v.shape) for v in average.network.weights]:
            raise ValueError(
                f"Found the average {average.average.name!r} of another shape than {average.network.name!r}, expected "
                "the same weights; build both by the same function."
            )


def check_variables(players):
    """Refuses, before a fit, players who have nothing to move or whose optimizers do not know what they move."""
    for player in players:
        if not player.variables:
            raise ValueError(
                f"Found nothing to move for player {player.name!r}, all of whose networks are frozen, expected "
                "trainable weights; set trainable = True, or leave the player out."
            )
        known = {id(v) for v in player.optimizer._trainable_variables}
        strange = [v.path for v in player.variables if id(v) not in known]
        if strange:
            raise ValueError(
                f"Found {strange[0]!r} unknown to the optimizer of player {player.name!r}, expected what it was "
                "built for; thaw layers before the game is made, or make a new game with a new optimizer."
            )


def _check_networks(player):
    if not isinstance(player.networks, list | tuple) or not player.networks:
        raise TypeError(
            f"Found {type(player.networks).__name__} as the networks of player {player.name!r}, expected a list of at "
            "least one; write [network]."
        )
    for network in player.networks:
        if not isinstance(network, keras.Model):
            raise TypeError(
                f"Found {type(network).__name__} as a network of player {player.name!r}, expected keras.Model; "
                "build one."
            )
        if not network.built:
            raise ValueError(
                f"Found the unbuilt network {network.name!r} of player {player.name!r}, expected a built one; "
                "give it an Input or call it once."
            )
        for layer in network._flatten_layers():
            _check_layer(layer, network)


def _check_layer(layer, network):
    """Refuses what a game would compute wrongly or leave out: policies, and losses of layers."""
    found = f"Found {layer.dtype_policy.name} in the network {network.name!r}"
    if (layer.variable_dtype, layer.compute_dtype) not in (("float32", "float32"), ("float32", "bfloat16")):
        raise ValueError(
            f"{found}, expected float32 or mixed_bfloat16, since weights and averages are float32 and players' "
            "optimizers do no loss scaling; set the policy mixed_bfloat16."
        )
    convolves = hasattr(layer, "kernel_size")
    if convolves and layer.compute_dtype == "bfloat16" and backend.name() == "torch" and backend.device()[0] == "cpu":
        raise ValueError(
            f"{found}, expected float32, since torch cannot differentiate its convolutions in bfloat16 on a CPU; "
            "set the policy float32."
        )
    for kind in ("kernel_regularizer", "bias_regularizer", "embeddings_regularizer", "activity_regularizer"):
        if getattr(layer, kind, None) is not None:
            raise ValueError(
                f"Found a {kind} in the layer {layer.name!r} of the network {network.name!r}, expected none, since a "
                "player descends its own loss and no other; write the term into the loss."
            )


def _check_loss(player):
    if not callable(player.loss):
        raise TypeError(
            f"Found {type(player.loss).__name__} as the loss of player {player.name!r}, expected a function "
            "(batch, training); write one."
        )
    try:
        inspect.signature(player.loss).bind(None, True)
    except TypeError as error:
        raise TypeError(
            f"Found a loss of player {player.name!r} with other arguments ({error}), expected (batch, training); "
            "give it these two."
        ) from None
    except ValueError:  # a function without a signature, such as one written in C
        pass


def _check_optimizer(player):
    optimizer, found = player.optimizer, f"of player {player.name!r}"
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(
            f"Found {optimizer!r} as the optimizer {found}, expected an object; write keras.optimizers.Adam(1e-4)."
        )
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or optimizer.loss_scale_factor is not None:
        raise ValueError(
            f"Found loss scaling in the optimizer {found}, expected none, since a game scales no loss; leave it out, "
            "mixed_bfloat16 needs none."
        )
    if optimizer.use_ema:
        raise ValueError(
            f"Found use_ema in the optimizer {found}, expected none, since it would skip batch-norm statistics; "
            "give the game an Average."
        )
    known = {id(v) for v in optimizer._trainable_variables}
    if optimizer.built and not all(id(v) in known for v in player.variables):
        raise ValueError(
            f"Found an optimizer {found} that was used for other networks, expected a new one; make another."
        )
