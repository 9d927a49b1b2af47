"""What lectures watch while games are played: whether two are one, singular values, and which moment was the best."""

import keras
import numpy as np
from keras import ops

from course_utils.layers.spectral import SpectralKernel


def largest_difference(game, other, x, y=None, iterations=2, batch_size=64):
    """Plays two games from the same weights, and measures how far apart they end.

        max |θᵢ − θ′ᵢ|   over all weights, after `iterations` of each

    The networks that players of `other` move take the weights of `game`'s; averages play no part. Both games stay
    where they were played to.

    Args:
        game: Game, not played yet; such as the one that a notebook writes.
        other: Game of the same seed and optimizers, with networks of its own, in the same order; such as the package's.
        x: data as `fit` takes it.
        y: its second array, if there is one.
        iterations: of each game, ≥ 1.
        batch_size: rows of a turn.

    Returns:
        float: 0 or rounding (about 1e-7) where both are the same game.

    Raises:
        ValueError: the games do not hold the same number of networks, one was played before, or no weight moved.
    """
    mine, theirs = _moved(game), _moved(other)
    if len(mine) != len(theirs):
        raise ValueError(
            f"Found {len(mine)} and {len(theirs)} networks that players move, expected as many; "
            "give both games the same networks in the same order."
        )
    if game.iteration or other.iteration:
        raise ValueError(
            f"Found games of {game.iteration} and {other.iteration} iterations, expected two that were not played; "
            "make both anew."
        )
    before = [network.get_weights() for network in mine]
    for network, values in zip(theirs, before):
        network.set_weights(values)
    for one in (game, other):
        one.compile()
        one.fit(x, y, batch_size=batch_size, steps_per_epoch=iterations, verbose=0)
    after = [network.get_weights() for network in mine]
    if not _furthest(before, after):
        raise ValueError("Found no weight that moved, expected games that train; look at learning rates and networks.")
    return _furthest(after, [network.get_weights() for network in theirs])


def _moved(game):
    return list({id(network): network for player in game.players for network in player.networks}.values())


def _furthest(these, those):
    pairs = [(a, b) for one, two in zip(these, those) for a, b in zip(one, two, strict=True)]
    return max(float(np.max(np.abs(a.astype("float64") - b), initial=0.0)) for a, b in pairs)


def singular_values(network, top=3):
    """Measures the largest singular values of every kernel of a network.

    σ₁ ≥ σ₂ ≥ … of W as a matrix (-1, out), of the weights themselves, before a spectral norm divides them

    Args:
        network: built keras.Model.
        top: how many of each kernel; a kernel that has fewer is filled up with NaN.

    Returns:
        dict of the variable's path -> array (top,), float64.
    """
    found = {}
    for variable in network.trainable_variables:
        if len(variable.shape) > 1:
            kernel = ops.convert_to_numpy(variable.value).astype("float64")
            values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[:top]
            found[variable.path] = np.pad(values, (0, top - len(values)), constant_values=np.nan)
    return found


def spectral_norms(network):
    """Measures the spectral norm of every kernel that a network divides by its norm, as it is used at prediction.

    Args:
        network: built keras.Model.

    Returns:
        dict of the layer's path -> ‖W / σ‖₂, float; 1 where the power iteration has kept up, else more.
    """
    found = {}
    for layer in _spectral(network):
        kernel = ops.convert_to_numpy(ops.stop_gradient(ops.convert_to_tensor(layer.normalized())))
        found[layer.path] = float(np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2))
    return found


def settle(network):
    """Brings the power iterations of a network up to date after training, so that every such norm is 1."""
    for layer in _spectral(network):
        layer.settle()


def _spectral(network):
    # Keras has no public walk over nested layers.
    return [layer for layer in network._flatten_layers() if isinstance(layer, SpectralKernel)]


class Notes(keras.callbacks.Callback):
    """Calls functions at the end of every epoch and keeps what they return: numbers become curves, images a film strip.

    Attributes:
        kept: dict name -> list, one entry an epoch.
        iterations: list, how many had been played at each entry.

    Args:
        functions: dict name -> function without arguments, such as a Fréchet distance of samples.
    """

    def __init__(self, functions):
        super().__init__()
        self.functions, self.iterations = functions, []
        self.kept = {name: [] for name in functions}

    def on_epoch_end(self, epoch, logs=None):
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        self.iterations.append(self.model.iteration)
        for name, function in self.functions.items():
            self.kept[name].append(function())


class SingularValues(keras.callbacks.Callback):
    """Notes the top singular values of networks at the end of every epoch, and logs the largest of each.

    Adds `NAME_sigma` to the epoch's logs, so that `History` and the curves of `plots.Live` have it.

    Attributes:
        history: dict name -> dict path -> list of arrays (top,), one an epoch.

    Args:
        networks: dict name -> keras.Model, such as {"critic": critic, "generator": generator}.
        top: how many of each kernel.

    Source: Brock et al., 2019, section 4, which logs the top three.
    """

    def __init__(self, networks, top=3):
        super().__init__()
        self.networks, self.top = networks, top
        self.history = {name: {} for name in networks}

    def on_epoch_end(self, epoch, logs=None):
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        for name, network in self.networks.items():
            found = singular_values(network, self.top)
            for path, values in found.items():
                self.history[name].setdefault(path, []).append(values)
            if logs is not None:
                logs[f"{name}_sigma"] = float(max(values[0] for values in found.values()))


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest measure; training may go wrong afterwards.

    Attributes:
        measures: list of the measured numbers, one an epoch.
        epoch: index of the best epoch, from 0.

    Args:
        networks: dict name -> keras.Model, what is kept; give it averaged generators where there are any.
        measure: function without arguments -> float, lower is better, such as a Fréchet distance of samples.

    Source: Brock et al., 2019, section 4: training is allowed to collapse, and a moment before is shipped.
    """

    def __init__(self, networks, measure):
        super().__init__()
        self.networks, self.measure = networks, measure
        self.measures, self.epoch, self._kept = [], None, {}

    def on_epoch_end(self, epoch, logs=None):
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        self.measures.append(float(self.measure()))
        if self.measures[-1] < (np.inf if self.epoch is None else self.measures[self.epoch]):
            self.epoch = len(self.measures) - 1
            self._kept = {name: network.get_weights() for name, network in self.networks.items()}

    def restore(self):
        """Puts the weights of the best epoch back into the networks, and returns its measure.

        Raises:
            ValueError: no epoch was measured, or none gave a finite number.
        """
        if self.epoch is None:
            raise ValueError(f"Found the measures {self.measures}, expected a finite one; nothing was restored.")
        for name, network in self.networks.items():
            network.set_weights(self._kept[name])
        return self.measures[self.epoch]


def restart(game, fresh):
    """Puts the state of a fresh game into one that is compiled already: a new seed without a new compilation.

    Weights, optimizers, the draws to come and the order of the data are then those of `fresh`, number by number.

    Args:
        game: Game, played or not.
        fresh: Game of the same players and networks, such as the same function makes from another seed.

    Raises:
        ValueError: the two games do not hold the same variables; nothing was changed.
    """
    mine, theirs = (g.trainable_variables + g.non_trainable_variables + g.optimizers.variables for g in (game, fresh))
    shapes = [[tuple(v.shape) for v in variables] for variables in (mine, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Found games of {len(mine)} and {len(theirs)} variables whose shapes differ, expected the same players "
            "and networks; make both by one function."
        )
    for variable, other in zip(mine, theirs):
        variable.assign(ops.convert_to_numpy(other))
    game.seed = fresh.seed  # from which the order of the data follows
