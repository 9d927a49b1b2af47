"""Right and wrong answers to the exercises of lecture 08."""

import numpy as np
from keras import ops

from answers import own

# --- redraw


def by_mask(z, threshold, rng):
    z = np.array(z)
    while (beyond := np.abs(z) > threshold).any():
        z[beyond] = rng.standard_normal(int(beyond.sum()))
    return z


def by_where(z, threshold, rng):
    while np.any(np.abs(z) > threshold):
        z = np.where(np.abs(z) > threshold, rng.normal(size=z.shape), z)
    return z


def one_by_one(z, threshold, rng):
    flat = z.ravel().tolist()
    for i, number in enumerate(flat):
        while abs(number) > threshold:
            number = rng.standard_normal()
        flat[i] = number
    return np.array(flat).reshape(z.shape)


def in_place(z, threshold, rng):
    for _ in range(10_000):
        beyond = np.where(np.abs(z) > threshold)
        if not len(beyond[0]):
            break
        z[beyond] = rng.normal(0.0, 1.0, len(beyond[0]))
    return z


def by_recursion(z, threshold, rng):
    beyond = np.abs(z) > threshold
    if not beyond.any():
        return z
    z = z.copy()
    z[beyond] = by_where(rng.standard_normal(np.count_nonzero(beyond)), threshold, rng)
    return z


def once(z, threshold, rng):
    return np.where(np.abs(z) > threshold, rng.standard_normal(z.shape), z)


def uniform(z, threshold, rng):
    return np.where(np.abs(z) > threshold, rng.uniform(-threshold, threshold, z.shape), z)


def all_anew(z, threshold, rng):
    return by_where(np.full_like(z, np.inf), threshold, rng)


def own_generator(z, threshold, rng):
    return by_where(z, threshold, np.random.default_rng(0))


def typed_in(z, threshold, rng):
    return by_where(z, 1.0, rng)


def one_for_all(z, threshold, rng):
    number = one_by_one(np.array([np.inf]), threshold, rng)[0]
    return np.where(np.abs(z) > threshold, number, z)


def upper_only(z, threshold, rng):
    while np.any(z > threshold):
        z = np.where(z > threshold, rng.normal(size=z.shape), z)
    return z


# --- repair


def by_maximum(real_logits, fake_logits):
    return ops.mean(ops.maximum(1 - real_logits, 0)) + ops.mean(ops.maximum(1 + fake_logits, 0))


def by_sums(real_logits, fake_logits):
    real = ops.sum(ops.relu(1 - real_logits)) / real_logits.shape[0]
    return real + ops.sum(ops.relu(1 + fake_logits)) / fake_logits.shape[0]


def by_where_loss(real_logits, fake_logits):
    real = ops.where(real_logits < 1, 1 - real_logits, 0 * real_logits)
    return ops.mean(real) + ops.mean(ops.where(fake_logits > -1, 1 + fake_logits, 0 * fake_logits))


def by_halves(real_logits, fake_logits):
    def relu(x):
        return 0.5 * (x + ops.abs(x))

    return ops.mean(relu(1 - real_logits)) + ops.mean(relu(1 + fake_logits))


def by_tensorflow(tf):
    return lambda r, f: tf.reduce_mean(tf.nn.relu(1 - r)) + tf.reduce_mean(tf.nn.relu(1 + f))


def by_jax(jnp):
    return lambda r, f: jnp.mean(jnp.clip(1 - r, 0)) + jnp.mean(jnp.clip(1 + f, 0))


def by_torch(torch):
    return lambda r, f: torch.relu(1 - r).mean() + torch.relu(1 + f).mean()


def signs(real_logits, fake_logits):
    return ops.mean(ops.relu(1 + real_logits)) + ops.mean(ops.relu(1 - fake_logits))


def no_hinge(real_logits, fake_logits):
    return ops.mean(1 - real_logits) + ops.mean(1 + fake_logits)


def half_repaired(real_logits, fake_logits):
    return ops.mean(ops.relu(1 - real_logits)) + ops.relu(1 + ops.mean(fake_logits))


def other_half(real_logits, fake_logits):
    return ops.relu(1 - ops.mean(real_logits)) + ops.mean(ops.relu(1 + fake_logits))


def sums(real_logits, fake_logits):
    return ops.sum(ops.relu(1 - real_logits)) + ops.sum(ops.relu(1 + fake_logits))


def halved(real_logits, fake_logits):
    return 0.5 * by_maximum(real_logits, fake_logits)


def no_margin(real_logits, fake_logits):
    return ops.mean(ops.relu(-real_logits)) + ops.mean(ops.relu(fake_logits))


def cut(real_logits, fake_logits):
    return by_maximum(ops.stop_gradient(real_logits), fake_logits)


def per_image(real_logits, fake_logits):
    return ops.relu(1 - real_logits) + ops.mean(ops.relu(1 + fake_logits))


RIGHT = {
    "four_classes": [(4, 3.97), (3.9, 3.96)],
    "redraw": [by_mask, by_where, one_by_one, in_place, by_recursion],
    "repair": [
        by_maximum, by_sums, by_where_loss, by_halves, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch),
    ],
    "gates": [{0.0: 1.29, 0.5: 0.6, 1.0: 0.29, 2.0: 1.9}, {0: 1.2, 0.3: 1.0, 0.7: 0.5, 1: 0.3, 1.5: 0.7}],
}  # fmt: skip

WRONG = {
    "four_classes": [
        ((10, 3.97), "four classes in it"),
        ((1, 3.97), "always draws the same"),
        ((1.386, 3.97), "exponential"),
        ((0.4, 3.97), "no share"),
        ((6, 3.97), "What did you not think of"),
    ],
    "redraw": [
        (lambda z, threshold, rng: np.clip(z, -threshold, threshold), "clips"),
        (lambda z, threshold, rng: z * threshold, "inside have changed"),
        (lambda z, threshold, rng: z, "beyond the threshold"),
        (once, "still lie beyond"),
        (upper_only, "still lie beyond"),
        (uniform, "deviation"),
        (all_anew, "inside have changed"),
        (own_generator, "another generator"),
        (typed_in, ""),
        (one_for_all, "one or a few values"),
    ],
    "repair": [
        (signs, "signs are exchanged"),
        (no_hinge, "hinge is gone"),
        (half_repaired, "fakes still"),
        (other_half, "real images still"),
        (sums, "These are sums"),
        (halved, "half of it"),
        (no_margin, "margin of 1"),
        (cut, "gradient"),
        (per_image, "shape"),
    ],
    "gates": [
        ({0.0: 1.3, 1.0: 0.3}, "at least four"),
        ([1.3, 0.8, 0.3, 0.4], "dict"),
        ({0.2: 1.1, 0.5: 0.8, 1.0: 0.3, 2.0: 2.0}, "0 (closed) and 1"),
        ({0.0: 1.3, 0.3: 1.0, 0.6: 0.6, 1.0: 0.3}, "above 1"),
        ({0.0: 1.3, 0.5: -1.0, 1.0: 0.3, 2.0: 2.0}, "finite number"),
        ({0.0: "much", 0.5: 1.0, 1.0: 0.3, 2.0: 2.0}, "cannot be read"),
    ],
}
