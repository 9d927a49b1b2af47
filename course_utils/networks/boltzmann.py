"""Networks of lecture 11: Boltzmann machines, whose output is an energy.

A machine gives every state of its units an energy, and a probability that falls with it:

    p(v, h) = exp(−E(v, h)) / Z,   Z = Σ_{v, h} exp(−E(v, h))

All units are 0 or 1. Units of one layer do not see each other, so that a layer is drawn at once when its neighbours
are known.
"""

import itertools

import keras
import numpy as np
from keras import layers, ops

from course_utils import checks
from course_utils.builders import builder
from course_utils.layers.initial import normal
from course_utils.metrics.annealed import Parameters

STDDEV = 0.01  # of the weights at the start


@keras.saving.register_keras_serializable("course_utils")
class FreeEnergy(layers.Layer):
    """F(v) = −b·v − Σⱼ softplus(cⱼ + (vW)ⱼ), the energy of v when all states of the hidden units are summed.

    A centred machine keeps its biases as seen from offsets μ and λ of its units, and computes the same F:

        b = b′ − Wλ,   c = c′ − μW

    A step down W, b′, c′ is not a step down W, b, c: it does not mistake pixels that are mostly on for pixels that go
    together, and stands larger rates.

    Args:
        hidden: number of hidden units, H.
        centred: whether there are offsets.

    Source: Melchior, Fischer & Wiskott, "How to center deep Boltzmann machines", 2016.
    """

    def __init__(self, hidden, centred=False, **options):
        super().__init__(**options)
        self.hidden, self.centred = checks.count(hidden, "hidden"), centred

    def build(self, input_shape):
        visible = int(np.prod(input_shape[1:]))
        self.W = self.add_weight(shape=(visible, self.hidden), initializer=normal(STDDEV), name="W")
        self.b = self.add_weight(shape=(visible,), initializer="zeros", name="b")
        self.c = self.add_weight(shape=(self.hidden,), initializer="zeros", name="c")
        if self.centred:
            self.mu = self.add_weight(shape=(visible,), initializer="zeros", trainable=False, name="mu")
            half = keras.initializers.Constant(0.5)
            self.lam = self.add_weight(shape=(self.hidden,), initializer=half, trainable=False, name="lambda")

    def biases(self):
        """Returns b (V,) and c (H,) without offsets, tensors."""
        if not self.centred:
            return ops.convert_to_tensor(self.b), ops.convert_to_tensor(self.c)
        return self.b - ops.matmul(self.W, self.lam), self.c - ops.matmul(self.mu, self.W)

    def call(self, v):
        v, (b, c) = flat(v), self.biases()
        linear = ops.sum(ops.cast(v * b, "float32"), axis=1)
        return -linear - ops.sum(ops.softplus(ops.cast(c + ops.matmul(v, self.W), "float32")), axis=1)

    def compute_output_spec(self, v):
        return keras.KerasTensor((v.shape[0],), dtype="float32")

    def get_config(self):
        return super().get_config() | {"hidden": self.hidden, "centred": self.centred}


@keras.saving.register_keras_serializable("course_utils")
class Energy(layers.Layer):
    """E(v, h₁, …) = −b·v − Σₗ cₗ·hₗ − v W₁ h₁ − h₁ W₂ h₂ − …, of all layers of a deep Boltzmann machine."""

    def build(self, input_shape):
        sizes = [int(np.prod(shape[1:])) for shape in input_shape]
        pairs = enumerate(itertools.pairwise(sizes), start=1)
        self.W = [self.add_weight(shape=pair, initializer=normal(STDDEV), name=f"W{layer}") for layer, pair in pairs]
        self.b = self.add_weight(shape=sizes[:1], initializer="zeros", name="b")
        self.c = [
            self.add_weight(shape=(size,), initializer="zeros", name=f"c{layer}")
            for layer, size in enumerate(sizes[1:], start=1)
        ]

    def call(self, states):
        states = [flat(state) for state in states]
        alone = [state * bias for state, bias in zip(states, [self.b, *self.c])]
        between = [ops.matmul(low, W) * high for low, W, high in zip(states, self.W, states[1:])]
        return -sum(ops.sum(ops.cast(term, "float32"), axis=1) for term in [*alone, *between])

    def compute_output_spec(self, states):
        return keras.KerasTensor((states[0].shape[0],), dtype="float32")


@keras.saving.register_keras_serializable("course_utils")
class RestrictedBoltzmannMachine(keras.Model):
    """A restricted Boltzmann machine as a network: v (N, …) -> F(v), (N,) nats. `rbm` builds it.

        p(hⱼ=1|v) = σ(cⱼ + (vW)ⱼ),   p(vᵢ=1|h) = σ(bᵢ + (hWᵀ)ᵢ)

    Both passes share W.
    """

    W = property(lambda self: self.layers[-1].W, doc="(V, H), Keras variable.")
    b = property(lambda self: self.layers[-1].b, doc="(V,), Keras variable: biases of the visible units.")
    c = property(lambda self: self.layers[-1].c, doc="(H,), Keras variable: biases of the hidden units.")

    def hidden(self, v):
        """Returns p(h=1|v), a tensor (N, H), for v (N, …)."""
        _, c = self.layers[-1].biases()
        return ops.sigmoid(c + ops.matmul(flat(v), self.W))

    def visible(self, h):
        """Returns p(v=1|h), a tensor of the shape of v, for h (N, H)."""
        b, _ = self.layers[-1].biases()
        return ops.reshape(ops.sigmoid(b + ops.matmul(h, ops.transpose(self.W))), (-1, *self.input_shape[1:]))

    def parameters(self):
        """Returns W, b and c without offsets as `annealed.Parameters`, for chains and partition functions in NumPy."""
        return Parameters(*map(_array, (self.W, *self.layers[-1].biases())))


@keras.saving.register_keras_serializable("course_utils")
class DeepBoltzmannMachine(keras.Model):
    """A deep Boltzmann machine as a network: [v (N, …), h₁ (N, H₁), h₂ (N, H₂), …] -> E, (N,) nats. `dbm` builds it.

    A layer sees its neighbours alone: p(hₗ=1|…) = σ(cₗ + hₗ₋₁ Wₗ + hₗ₊₁ Wₗ₊₁ᵀ), with h₀ = v.
    """

    W = property(lambda self: self.layers[-1].W, doc="[W₁ (V, H₁), W₂ (H₁, H₂), …], Keras variables.")
    b = property(lambda self: self.layers[-1].b, doc="(V,), Keras variable.")
    c = property(lambda self: self.layers[-1].c, doc="[c₁ (H₁,), c₂ (H₂,), …], Keras variables.")

    def given(self, states, layer):
        """Returns p(layer=1|its neighbours), a tensor of the layer's shape; layer 0 is v.

        Args:
            states: [v (N, …), h₁ (N, H₁), …]; that of the layer itself is not looked at.
            layer: int.
        """
        logits = [self.b, *self.c][layer]
        if layer > 0:
            logits = logits + ops.matmul(flat(states[layer - 1]), self.W[layer - 1])
        if layer < len(self.W):
            logits = logits + ops.matmul(states[layer + 1], ops.transpose(self.W[layer]))
        return ops.reshape(ops.sigmoid(logits), (-1, *self.input_shape[layer][1:]))

    def parameters(self):
        """Returns the same machine as a restricted one, `annealed.Parameters`.

        Odd layers see even ones alone. Side by side, the odd layers h₁, h₃, … are its "visible" units, and v, h₂, …
        its "hidden" ones.
        """
        biases = [_array(bias) for bias in (self.b, *self.c)]
        odd, even = (list(range(start, len(biases), 2)) for start in (1, 0))
        W = [[self._between(low, high) for high in even] for low in odd]
        return Parameters(np.block(W), *(np.concatenate([biases[layer] for layer in side]) for side in (odd, even)))

    def clamped(self, v):
        """Returns what is left of the machine when v (V,) is held: odd layers, and even ones without v.

        log p(v) = b·v + log Z(what is left) − log Z. Without h₂ a hidden unit that nobody sees is put in, worth log 2.

        Raises:
            ValueError: the machine has one hidden layer, whose sum over h `FreeEnergy` knows.
        """
        if len(self.c) < 2:
            raise ValueError("Found a machine of one hidden layer, expected at least two; F of an rbm needs no clamp.")
        whole, visible = self.parameters(), len(_array(self.b))
        v = np.asarray(v, "float64").ravel()
        return Parameters(whole.W[:, visible:], whole.b + whole.W[:, :visible] @ v, whole.c[visible:])

    def _between(self, one, other):
        """The weights (one, other) between two layers, zeros where they do not touch."""
        low, high = min(one, other), max(one, other)
        if high - low > 1:
            sizes = [len(_array(bias)) for bias in (self.b, *self.c)]
            return np.zeros((sizes[one], sizes[other]))
        W = _array(self.W[low])
        return W if one == low else W.T


@builder(images=(0.0, 1.0))
def rbm(visible_shape=(28, 28, 1), hidden=500, centred=False):
    """A restricted Boltzmann machine.

        E(v, h) = −b·v − c·h − v W h,   F(v) = −log Σ_h exp(−E(v, h))

    Args:
        visible_shape: of one v: an image's (H, W, C), or (V,).
        hidden: units, H.
        centred: whether it learns with offsets, see `FreeEnergy`; `centred` turns one machine into the other.

    Returns:
        RestrictedBoltzmannMachine, a keras.Model: v (N, …), 0 or 1 -> F(v), (N,) nats. W ~ N(0, 0.01²), biases 0.

    Source: Smolensky, 1986; Hinton, "A practical guide to training restricted Boltzmann machines", 2010, sections 2, 8.
    """
    v = _visible(visible_shape)
    return RestrictedBoltzmannMachine(v, FreeEnergy(hidden, centred, name="free_energy")(v), name="rbm")


@builder(images=(0.0, 1.0))
def dbm(visible_shape=(28, 28, 1), hidden=(500, 1000)):
    """A deep Boltzmann machine, with the biases that textbooks leave out for brevity.

        E = −b·v − Σₗ cₗ·hₗ − v W₁ h₁ − h₁ W₂ h₂ − …

    Args:
        visible_shape: of one v: an image's (H, W, C), or (V,).
        hidden: units of each hidden layer, from the one that sees v.

    Returns:
        DeepBoltzmannMachine, a keras.Model: [v, h₁, h₂, …] -> E, (N,) nats. Wₗ ~ N(0, 0.01²), biases 0.

    Source: Salakhutdinov & Hinton, "Deep Boltzmann machines", 2009, eq. (9).
    """
    if not hidden:
        raise ValueError("Found hidden=() without a layer, expected at least one; write hidden=(500, 1000).")
    states = [_visible(visible_shape)]
    states += [keras.Input((checks.count(units, "hidden"),), name=f"h{i}") for i, units in enumerate(hidden, start=1)]
    return DeepBoltzmannMachine(states, Energy(name="energy")(states), name="dbm")


def set_visible_bias(machine, x):
    """Sets b to the log odds of data, bᵢ = log(mᵢ / (1 − mᵢ)), with means mᵢ kept in [0.01, 0.99]; returns the machine.

    With weights near 0 the machine then starts as the best one whose pixels are independent.

    Args:
        machine: of `rbm` or `dbm`.
        x: (N, …), 0 or 1.

    Source: Hinton, 2010, section 8.
    """
    mean = np.clip(np.asarray(x, "float64").reshape(len(x), -1).mean(axis=0), 0.01, 0.99)
    machine.b.assign(np.log(mean / (1.0 - mean)))
    return machine


def centred(machine, mean):
    """Builds the same restricted machine with offsets, so that it learns faster.

    Args:
        machine: of `rbm`, with or without offsets.
        mean: (V,), means of the visible units in the data, μ; those of the hidden units are taken as λ = ½.
    """
    W, b, c = machine.parameters()
    other = rbm(machine.input_shape[1:], len(c), centred=True)
    layer, mean = other.layers[-1], np.asarray(mean, "float64").ravel()
    for variable, value in zip((layer.W, layer.b, layer.c, layer.mu), (W, b + 0.5 * W.sum(axis=1), c + mean @ W, mean)):
        variable.assign(value)
    return other


def plain(machine):
    """Builds the same restricted machine without offsets."""
    other = rbm(machine.input_shape[1:], machine.c.shape[0])
    for variable, value in zip((other.W, other.b, other.c), machine.parameters()):
        variable.assign(value)
    return other


def flat(v):
    """(N, …) -> (N, V)."""
    return v if len(v.shape) == 2 else ops.reshape(v, (-1, int(np.prod(v.shape[1:]))))


def _visible(shape):
    return keras.Input(tuple(shape), name="images" if len(shape) == 3 else "v")


def _array(variable):
    return np.asarray(ops.convert_to_numpy(variable), "float64")
