"""Lecture 11: Boltzmann machines, games of one player who makes data likely and what the machine dreams unlikely.

    −∂ log p(v) / ∂θ = ∂F(v)/∂θ − E_{v⁻ ~ p}[∂F(v⁻)/∂θ]

so that a descent of F(v) − F(v⁻), with v⁻ drawn from the machine and held fixed, is maximum likelihood. What differs
is where v⁻ comes from: a few steps from the data, contrastive divergence, or chains that never begin anew. Long chains
stand in `games.gibbs`, the bounds of deep machines in `games.deep`.
"""

import keras
import numpy as np
from keras import ops

from course_utils import checks
from course_utils.game import Game, Levels, Player
from course_utils.games import gibbs
from course_utils.networks.boltzmann import flat, rbm


def gibbs_step(machine, v, u_hidden, u_visible):
    """One step of Gibbs sampling: all hidden units given v, then all visible units given those.

        h = [u < p(h=1|v)],   v ← [u < p(v=1|h)],   u ~ U(0, 1) for each unit

    Args:
        machine: of `networks.boltzmann.rbm`.
        v: tensor (N, …).
        u_hidden, u_visible: numbers in [0, 1), (N, H) and like v.

    Returns:
        Tensor like v, 0 or 1.
    """
    h = ops.cast(ops.less(u_hidden, machine.hidden(v)), "float32")
    return ops.cast(ops.less(u_visible, machine.visible(h)), "float32")


class RBM(Game):
    """A restricted Boltzmann machine that learns by contrastive divergence, or from persistent chains.

    Algorithm, an iteration:

        v ~ data
        v⁻ ← `steps` of Gibbs sampling, from v, or from where the chains stood
        machine ← one step down  mean F(v) − mean F(v⁻), v⁻ held fixed

    With `below`, a machine that stands still, v is a state of that machine's hidden units, drawn anew whenever an image
    is seen: so the second machine of a deep belief network learns. Fit it on images.

    Logs `machine_loss`, which is no likelihood: it says how far apart data and dreams lie in energy. In `evaluate`
    persistent chains stand still; without them it is F(v) − F(v⁻) after the steps.

    Args:
        machine: of `networks.boltzmann.rbm`.
        chains: number of persistent chains, kept in the weight `chain`; None for contrastive divergence.
        steps: of Gibbs sampling an iteration, k.
        below: machine of `rbm` whose hidden units are the visible ones of this one, or None.
        optimizer: keras optimizer; SGD(0.05) if None.
        averages: `Average`s of the machine.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Raises:
        TypeError, ValueError: counts that are none, or a machine that does not fit onto the one below.

    Source: Hinton, "Training products of experts by minimizing contrastive divergence", 2002; persistent chains:
    Tieleman, 2008; machines on machines: Hinton, Osindero & Teh, 2006, section 4.
    """

    many_draws = True

    def __init__(self, machine, chains=None, steps=1, below=None, optimizer=None, averages=(), seed=0, name="rbm"):
        self._steps = checks.count(steps, "steps")
        chains = chains if chains is None else checks.count(chains, "chains")
        if below is not None and tuple(machine.input_shape[1:]) != tuple(below.c.shape):
            raise ValueError(
                f"Found a machine of visible units {machine.input_shape[1:]} on one of {below.c.shape[0]} hidden ones, "
                "expected as many; build it by transposed(below)."
            )
        player = Player("machine", [machine], self.machine_loss, optimizer or keras.optimizers.SGD(0.05))
        super().__init__([player], averages=averages, seed=seed, name=name)
        self.machine, self.below, self.chain = machine, below, None
        self.takes = Levels(tuple((below or machine).input_shape[1:]), 2)
        if chains is not None:
            self.chain = self.add_weight(
                shape=(chains, *machine.input_shape[1:]), initializer="zeros", trainable=False, name="chain"
            )
            self.chain.assign(_start(chains, machine, seed))

    def call(self, inputs, training=False):
        """Returns F(v), (N,) nats, of the machine or its average."""
        return self.best(self.machine)(inputs, training=False)

    def machine_loss(self, batch, training):
        """Returns mean F(v) − mean F(v⁻)."""
        if self.below is not None:
            means = self.below.hidden(batch)
            batch = ops.cast(keras.random.uniform(ops.shape(means), seed=self.seeds) < means, "float32")
        negatives = ops.stop_gradient(self.negatives(batch, training))
        if training and self.chain is not None:
            self.chain.assign(negatives)
        return ops.mean(self.machine(batch, training=training)) - ops.mean(self.machine(negatives, training=training))

    def negatives(self, batch, training=True):
        """Returns v⁻, a tensor: `steps` of Gibbs sampling from batch or chains, which stand still in evaluation."""
        v = batch if self.chain is None else ops.convert_to_tensor(self.chain)
        if self.chain is not None and not training:
            return v
        count, hidden = v.shape[0], self.machine.c.shape[0]
        if count is None:
            count = ops.shape(v)[0]
        u_hidden = keras.random.uniform((self._steps, count, hidden), seed=self.seeds)
        u_visible = keras.random.uniform((self._steps, count, *self.machine.input_shape[1:]), seed=self.seeds)
        return steps_of(self.machine, v, u_hidden, u_visible)

    def sample(self, n, seed, steps=1000):
        """Returns n images (n, …), float32 in [0, 1]: p(v=1|h) at the end of chains that begin at noise.

        With a machine below, the chains run in this one, and the last pass goes down through the other.

        Args:
            n: number of chains, ≥ 1.
            seed: int ≥ 0, of NumPy's draws.
            steps: of Gibbs sampling.
        """
        rng, parameters = np.random.default_rng(seed), self.best(self.machine).parameters()
        if self.below is None:
            v = gibbs.means(parameters, gibbs.noise(n, parameters, rng), steps, rng)
        else:
            v = gibbs.ancestral(self.below.parameters(), parameters, n, steps, rng)
        return v.reshape(n, *(self.below or self.machine).input_shape[1:]).astype("float32")


def steps_of(machine, v, u_hidden, u_visible):
    """Takes as many steps of Gibbs sampling from v as there are draws, (k, N, H) and (k, N, …)."""
    if u_hidden.shape[0] == 1:
        return gibbs_step(machine, v, u_hidden[0], u_visible[0])

    def step(index, state):
        return gibbs_step(machine, state, ops.take(u_hidden, index, axis=0), ops.take(u_visible, index, axis=0))

    return ops.fori_loop(0, u_hidden.shape[0], step, v)


def mean_field(machine, v, sweeps=10, damping=0.0):
    """The factorised Q(h|v) nearest to p(h|v), found by going through the layers again and again.

        μₗ ← d μₗ + (1 − d) σ(cₗ + μₗ₋₁ Wₗ + μₗ₊₁ Wₗ₊₁ᵀ),   μ₀ = v

    It begins with a pass up, in which a layer's input from below counts twice where another will stand above it. Each
    sweep goes through the layers one by one; without damping none can make the bound worse.

    Args:
        machine: of `networks.boltzmann.dbm`.
        v: tensor (N, …).
        sweeps: times through all layers.
        damping: d, in [0, 1).

    Returns:
        [μ₁ (N, H₁), μ₂ (N, H₂), …], tensors.

    Source: Salakhutdinov & Hinton, 2009, section 3.1.
    """
    states = [flat(v)]
    for layer, (W, c) in enumerate(zip(machine.W, machine.c), start=1):
        twice = 2.0 if layer < len(machine.W) else 1.0
        states.append(ops.sigmoid(c + twice * ops.matmul(states[-1], W)))
    for _ in range(sweeps):
        for layer in range(1, len(states)):
            now = machine.given(states, layer)
            states[layer] = damping * states[layer] + (1.0 - damping) * now
    return states[1:]


class DBM(Game):
    """A deep Boltzmann machine that learns from mean field and persistent chains.

    Algorithm, an iteration:

        v ~ data;   μ₁, μ₂, … ← `mean_field` of v
        v⁻, h₁⁻, h₂⁻, … ← `steps` of Gibbs sampling from where the chains stood: odd layers, then even ones
        machine ← one step down  mean E(v, μ₁, μ₂, …) − mean E(v⁻, h₁⁻, h₂⁻, …), all held fixed

    The first term descends the bound −E_Q[E] + H(Q) ≤ log Σ_h exp(−E): H(Q) does not depend on the weights, and at its
    best Q has no first-order share. Logs `machine_loss`, which is no likelihood.

    Args:
        machine: of `networks.boltzmann.dbm`, with at least two hidden layers.
        chains: number of persistent chains, kept in the weights `chain`, one a layer.
        steps: of Gibbs sampling an iteration.
        sweeps, damping: of `mean_field`.
        optimizer: keras optimizer; SGD(0.05) if None.
        averages: `Average`s of the machine.
        seed: int ≥ 0.

    Raises:
        TypeError, ValueError: counts that are none, damping outside of [0, 1).

    Source: Salakhutdinov & Hinton, 2009, algorithm 1.
    """

    many_draws = True

    def __init__(
        self, machine, chains=100, steps=1, sweeps=10, damping=0.0, optimizer=None, averages=(), seed=0, name="dbm"
    ):
        chains, self._steps = checks.count(chains, "chains"), checks.count(steps, "steps")
        self.sweeps, self.damping = checks.count(sweeps, "sweeps"), damping
        if not 0 <= damping < 1:
            raise ValueError(f"Found damping={damping}, expected a share in [0, 1); 0 takes each new mean as it is.")
        player = Player("machine", [machine], self.machine_loss, optimizer or keras.optimizers.SGD(0.05))
        super().__init__([player], averages=averages, seed=seed, name=name)
        self.machine = machine
        self.takes = Levels(tuple(machine.input_shape[0][1:]), 2)
        rng = np.random.default_rng(seed)
        self.chain = []
        for layer, shape in enumerate(machine.input_shape):
            shape = (chains, *shape[1:])
            weight = self.add_weight(shape=shape, initializer="zeros", trainable=False, name=f"chain_{layer}")
            weight.assign((rng.random(shape) < 0.5).astype("float32"))
            self.chain.append(weight)

    def call(self, inputs, training=False):
        """Returns E, (N,) nats, for [v, h₁, h₂, …], of the machine or its average."""
        return self.best(self.machine)(inputs, training=False)

    def machine_loss(self, batch, training):
        """Returns mean E(v, μ) − mean E(v⁻, h⁻)."""
        means = mean_field(self.machine, batch, self.sweeps, self.damping)
        positives = [batch, *map(ops.stop_gradient, means)]
        negatives = list(map(ops.stop_gradient, self.negatives(training)))
        if training:
            for weight, state in zip(self.chain, negatives):
                weight.assign(state)
        return ops.mean(self.machine(positives, training=training)) - ops.mean(
            self.machine(negatives, training=training)
        )

    def negatives(self, training=True):
        """Returns [v⁻, h₁⁻, …], tensors: the chains after `steps` of Gibbs sampling, in evaluation as they are."""
        states = [ops.convert_to_tensor(weight) for weight in self.chain]
        for _ in range(self._steps if training else 0):
            states = deep_step(self.machine, states, [keras.random.uniform(s.shape, seed=self.seeds) for s in states])
        return states


def deep_step(machine, states, draws):
    """One step of Gibbs sampling of a deep machine: the odd layers given the even ones, then those given the odd.

    Args:
        machine: of `networks.boltzmann.dbm`.
        states: [v (N, …), h₁ (N, H₁), …].
        draws: numbers in [0, 1) of the same shapes.

    Returns:
        list like `states`, 0 or 1.
    """
    states = list(states)
    for layer in [*range(1, len(states), 2), *range(0, len(states), 2)]:
        states[layer] = ops.cast(ops.less(draws[layer], machine.given(states, layer)), "float32")
    return states


def transposed(first, hidden=None, seed=0):
    """Builds the second machine of a deep belief network, which starts as the first one upside down.

        W₂ = W₁ᵀ, b₂ = c₁, c₂ = b₁: then p(h₁) is the same under both, and the bound on log p(v) is no bound but exact

    Args:
        first: of `networks.boltzmann.rbm`.
        hidden: units of the new machine, at least V of the first; more begin with biases −4 and weights near 0, so that
            they hardly change anything; None for V.
        seed: int, of those weights.

    Returns:
        RestrictedBoltzmannMachine over h of the first.

    Raises:
        ValueError: fewer hidden units than the first has visible ones.

    Source: Hinton, Osindero & Teh, "A fast learning algorithm for deep belief nets", 2006, section 4.
    """
    W, b, c = first.parameters()
    hidden = len(b) if hidden is None else checks.count(hidden, "hidden")
    if hidden < len(b):
        raise ValueError(
            f"Found hidden={hidden}, expected at least {len(b)}, the visible units of the first machine, whose "
            "transpose this one starts as; take as many or more."
        )
    more = hidden - len(b)
    extra = 0.01 * np.random.default_rng(seed).standard_normal((len(c), more))
    top = rbm((len(c),), hidden)
    top.W.assign(np.concatenate([W.T, extra], axis=1))
    top.b.assign(c)
    top.c.assign(np.concatenate([b, np.full(more, -4.0)]))
    return top


def _start(chains, machine, seed):
    """Where persistent chains begin: each pixel drawn from its bias alone."""
    v = gibbs.noise(chains, machine.parameters(), np.random.default_rng(seed))
    return v.reshape(chains, *machine.input_shape[1:]).astype("float32")
