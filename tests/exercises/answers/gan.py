"""Right and wrong answers to the exercises of lecture 04."""

import keras
from keras import ops

from answers import own

# --- smooth


def by_formula(real_logits, fake_logits, s):
    return ops.mean(ops.softplus(-real_logits) + s * real_logits) + ops.mean(ops.softplus(fake_logits))


def by_weights(real_logits, fake_logits, s):
    real = (1 - s) * ops.softplus(-real_logits) + s * ops.softplus(real_logits)
    return ops.mean(real) + ops.mean(ops.softplus(fake_logits))


def by_entropy(real_logits, fake_logits, s):
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    real = entropy(ops.zeros_like(real_logits) + 1 - s, real_logits)
    return real + entropy(ops.zeros_like(fake_logits), fake_logits)


def by_log_sigmoid(real_logits, fake_logits, s):
    real = (1 - s) * ops.log_sigmoid(real_logits) + s * ops.log_sigmoid(-real_logits)
    return -ops.mean(real) - ops.mean(ops.log_sigmoid(-fake_logits))


def own_style():
    def made(mean, softplus):
        return lambda r, f, s: mean(softplus(-r) + s * r) + mean(softplus(f))

    return own(
        tensorflow=lambda tf: made(tf.reduce_mean, tf.math.softplus),
        jax=lambda jnp: made(jnp.mean, lambda x: jnp.logaddexp(x, 0.0)),
        torch=lambda torch: made(torch.mean, torch.nn.functional.softplus),
    )


def with_sigmoid(real_logits, fake_logits, s):
    d, e = ops.sigmoid(real_logits), ops.sigmoid(fake_logits)
    return -ops.mean((1 - s) * ops.log(d) + s * ops.log(1 - d)) - ops.mean(ops.log(1 - e))


def cut(real_logits, fake_logits, s):
    return by_formula(ops.stop_gradient(real_logits), fake_logits, s)


# --- repair


def loss(z, generator, critic):
    return ops.mean(ops.softplus(-critic(generator(z))))


def with_flags(z, generator, critic):
    logits = critic(generator(z, training=True), training=True)
    return ops.sum(ops.softplus(ops.negative(logits))) / ops.shape(z)[0]


def by_cross_entropy(z, generator, critic):
    logits = critic(generator(z))
    return keras.losses.BinaryCrossentropy(from_logits=True)(ops.ones_like(logits), logits)


def by_log(z, generator, critic):
    return -ops.mean(ops.log_sigmoid(critic(generator(z))))


def variant(of_logits, fake=lambda x: x):
    return lambda z, generator, critic: of_logits(critic(fake(generator(z))))


def at_turns(*numbers, plain=2.0, seen=7.5):
    return dict.fromkeys(numbers, (plain, seen))


RIGHT = {
    "spot": [(1 / 9, 0.113), (0.1, 0.11)],
    "smooth": [by_formula, by_weights, by_entropy, by_log_sigmoid, own_style()],
    "repair": [loss, with_flags, by_cross_entropy, by_log],
    "turns": [at_turns(1, 3, 10, 20), at_turns(2, 5, 8, 12, plain=0)],
}

WRONG = {
    "spot": [
        ((0.5, 0.112), "equally often"),
        ((0.889, 0.112), "probability of a fake"),
        ((0.0, 0.112), "pays for it"),
        ((0.3, 0.112), "What did you not think of"),
    ],
    "smooth": [
        (lambda r, f, s: by_formula(r, f, s) - s * ops.mean(f), "smooth the fakes as well"),
        (lambda r, f, s: by_formula(r, f, 0.0), "s changes nothing"),
        (lambda r, f, s: by_formula(r, f, 1 - s), "They should get 1 − s"),
        (lambda r, f, s: by_formula(r, f, s) / 2, "you have half"),
        (lambda r, f, s: -by_formula(r, f, s), "sign is wrong"),
        (lambda r, f, s: by_formula(f, r, s), "got"),
        (lambda r, f, s: by_formula(r, f, 0.1), "got"),
        (lambda r, f, s: (1 - s) * ops.mean(ops.softplus(-r)) + ops.mean(ops.softplus(f)), "Only the weight"),
        (lambda r, f, s: ops.softplus(-r) + s * r, "found the shape"),
        (with_sigmoid, "not finite"),
        (cut, "gradient"),
        (lambda r, f, s: print(by_formula(r, f, s)), "return"),
    ],
    "repair": [
        (variant(lambda f: ops.mean(ops.softplus(-f)), ops.stop_gradient), "cuts the way back"),
        (variant(lambda f: ops.mean(ops.softplus(-ops.sigmoid(f)))), "softplus wants a logit"),
        (variant(lambda f: -ops.mean(ops.softplus(f))), "saturating loss"),
        (variant(lambda f: ops.mean(ops.softplus(f))), "recognised"),
        (variant(lambda f: -ops.mean(ops.softplus(-f))), "sign is wrong"),
        (variant(lambda f: -ops.mean(f)), "got"),
        (variant(lambda f: ops.softplus(-f)), "expected one number"),
        (variant(lambda f: ops.sum(ops.softplus(-f))), "got"),
        (lambda z, generator, critic: ops.mean(ops.softplus(-critic(z))), ""),
    ],
    "turns": [
        ({1: (8, 8)}, "at least four"),
        (at_turns(3, 5, 8, 12), "both ends"),
        (at_turns(1, 3, 10, 20, plain=9), "eight"),
        ({1: 8, 3: 8, 10: 1, 20: 1}, "cannot be read"),
    ],
}
