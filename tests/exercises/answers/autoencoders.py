"""Right and wrong answers to the exercises of lecture 00."""

import numpy as np
from keras import ops
from scipy import linalg

from answers import own


def values(x):
    return np.linalg.svd(x - x.mean(0), compute_uv=False)


# --- least_error: every width's error of the best plane


def by_eigenvalues(x, widths):
    spread = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    return [spread[width:].sum() for width in widths]


def by_projection(x, widths):
    centred = x - np.mean(x, axis=0)
    directions = linalg.svd(centred)[2]
    return np.array([((centred - centred @ directions[:k].T @ directions[:k]) ** 2).sum(1).mean() for k in widths])


def by_cumulative_sums(x, widths):
    squares = np.append(values(x) ** 2, np.zeros(x.shape[1]))
    return np.append(np.cumsum(squares[::-1])[::-1], 0)[list(widths)] / len(x)


def by_ops(x, widths):
    s = ops.linalg.svd(x - ops.mean(x, axis=0), compute_uv=False)
    return ops.stack([ops.sum(s[width:] ** 2) / x.shape[0] for width in widths])


def in_place(x, widths):
    x -= x.mean(axis=0)
    return np.array([np.sum(np.linalg.svd(x, compute_uv=False)[k:] ** 2) for k in widths]) / len(x)


def by_jax(jnp):
    def answer(x, widths):
        s = jnp.linalg.svd(x - jnp.mean(x, 0), compute_uv=False)
        return jnp.array([(s[k:] ** 2).sum() / len(x) for k in widths])

    return answer


def by_tensorflow(tf):
    def answer(x, widths):
        s = tf.linalg.svd(x - tf.reduce_mean(x, axis=0), compute_uv=False)
        return tf.stack([tf.reduce_sum(s[k:] ** 2) / len(x) for k in widths])

    return answer


def by_torch(torch):
    def answer(x, widths):
        s = torch.linalg.svdvals(x - torch.mean(x, dim=0))
        return torch.stack([(s[k:] ** 2).sum() / len(x) for k in widths])

    return answer


# --- masked


def by_where(x, share, rng):
    return np.where(rng.uniform(size=x.shape) < share, 0, x)


def by_binomial(x, share, rng):
    return x * (1 - rng.binomial(1, share, x.shape))


def by_assignment(x, share, rng):
    x = x.copy()
    x[rng.random(x.shape) < share] = 0
    return x


def by_choice(x, share, rng):
    return x * rng.choice([0.0, 1.0], size=x.shape, p=[share, 1 - share])


def by_ops_where(x, share, rng):
    return ops.where(rng.random(x.shape) < share, 0.0, x)


def exact_count(x, share, rng):
    flat = x.reshape(len(x), -1).copy()
    for row in flat:
        row[rng.permutation(len(row))[: round(share * len(row))]] = 0
    return flat.reshape(x.shape)


def by_rows(x, share, rng):
    return x * (rng.random((len(x), x.shape[1], 1, 1)) >= share)


def fixed_generator(x, share, rng):
    return x * (np.random.default_rng(0).random(x.shape) >= share)


def global_generator(x, share, rng):
    return x * (np.random.random(x.shape) >= share)  # noqa: NPY002


# --- repair


def loss(x, noise, encoder, decoder):
    return ops.mean(ops.sum((x - decoder(encoder(x + noise))) ** 2, axis=(1, 2, 3)))


def with_flags(x, noise, encoder, decoder):
    dirty = ops.add(x, noise)
    code = encoder(dirty, training=True)
    return ops.sum(ops.square(decoder(code, training=True) - x)) / ops.shape(x)[0]


def by_norm(x, noise, encoder, decoder):
    error = ops.reshape(x - decoder(encoder(x + noise)), (len(x), -1))
    return ops.mean(ops.norm(error, axis=1) ** 2)


def own_loss(mean, total):
    def answer(x, noise, encoder, decoder):
        return mean(total((x - decoder(encoder(x + noise))) ** 2, (1, 2, 3)))

    return answer


def own_style():
    return own(
        tensorflow=lambda tf: own_loss(tf.reduce_mean, tf.reduce_sum),
        jax=lambda jnp: own_loss(jnp.mean, jnp.sum),
        torch=lambda torch: own_loss(torch.mean, torch.sum),
    )


def variant(seen=lambda x, n: x + n, target=lambda x, n: x, reduce=lambda e: ops.mean(ops.sum(e**2, axis=(1, 2, 3)))):
    def answer(x, noise, encoder, decoder):
        return reduce(target(x, noise) - decoder(encoder(seen(x, noise))))

    return answer


def cut(x, noise, encoder, decoder):
    return ops.mean(ops.sum((x - decoder(ops.stop_gradient(encoder(x + noise)))) ** 2, axis=(1, 2, 3)))


def at_levels(*levels, after=14.0, shift=0.0):
    return {level: (-20 * np.log10(level) + shift, after) for level in levels}


RIGHT = {
    "quieter": [(26.0, 26.02), (25, 26.02)],
    "least_error": [
        by_eigenvalues,
        by_projection,
        by_cumulative_sums,
        by_ops,
        in_place,
        own(jax=by_jax, tensorflow=by_tensorflow, torch=by_torch),
    ],
    "mask": [by_where, by_binomial, by_assignment, by_choice, by_ops_where],
    "repair": [loss, with_flags, by_norm, own_style()],
    "levels": [at_levels(0.05, 0.1, 0.5, 0.9), at_levels(0.1, 0.2, 0.4, 0.8, 1.6, after=9.5)],
}

WRONG = {
    "quieter": [
        ((16, 26.02), "*squared* error"),
        ((60, 26.02), "no factor of ten"),
        ((6, 26.02), "smaller the error"),
        ((-14, 26.02), "smaller the error"),
        ((40, 26.02), "What did you not think of"),
    ],
    "least_error": [
        (lambda x, w: [np.sum(np.linalg.svd(x, compute_uv=False)[k:] ** 2) / len(x) for k in w], "mean was not"),
        (lambda x, w: [np.sum(values(x)[:k] ** 2) / len(x) for k in w], "left out"),
        (lambda x, w: [np.sum(values(x)[k:]) / len(x) for k in w], "Square the singular"),
        (lambda x, w: [np.sum(values(x)[k:] ** 2) for k in w], "sum over all points"),
        (lambda x, w: [np.sum(values(x)[k:] ** 2) / (len(x) - 1) for k in w], "n − 1"),
        (lambda x, w: by_eigenvalues(x, sorted(w)), "right for 3 of 4 inputs"),
        (lambda x, w: by_eigenvalues(x, range(len(w))), "expected"),
        (lambda x, w: by_eigenvalues(x, w)[0], "found one number, expected the shape"),
        (lambda x, w: values(x) ** 2, "found the shape"),
        (lambda x, w: [np.mean((x - x.mean(0)) ** 2) for _ in w], "got"),
        (lambda x, w: f"{by_eigenvalues(x, w)}", "a str"),
        (lambda x, w: x.sort() - x, "unsupported operand"),
    ],
    "mask": [
        (lambda x, share, rng: x * (rng.random(x.shape) < share), "it is the share that is set to 0"),
        (lambda x, share, rng: x * (1 - share), "kept have changed"),
        (lambda x, share, rng: x * (rng.random(x.shape) >= 0.5), "of the pixels to 0"),
        (lambda x, share, rng: x * (rng.random(x.shape[1:]) >= share), "same mask"),
        (by_rows, "hit together"),
        (lambda x, share, rng: x * (rng.random((len(x), 1, 1, 1)) >= share), "hit together"),
        (exact_count, "same number of pixels"),
        (fixed_generator, "do not make your own"),
        (global_generator, "another mask each time"),
        (lambda x, share, rng: x[rng.random(x.shape) >= share], "expected the shape"),
        (lambda x, share, rng: x * (rng.standard_normal(x.shape) >= share), "of the pixels to 0"),
        (lambda x, share, rng: x * (rng.random(x.shape) >= share) / (1 - min(share, 0.9)), "kept have changed"),
    ],
    "repair": [
        (variant(target=lambda x, n: x + n), "target is noisy"),
        (variant(seen=lambda x, n: x), "gone altogether"),
        (variant(seen=lambda x, n: x + 2 * n), "twice"),
        (variant(reduce=lambda e: ops.mean(e**2)), "took their mean"),
        (variant(reduce=lambda e: ops.sum(e**2, axis=(1, 2, 3))), "expected one number"),
        (variant(reduce=lambda e: ops.mean(ops.sum(ops.abs(e), axis=(1, 2, 3)))), "got"),
        (variant(seen=lambda x, n: x - n), "got"),
        (cut, "got"),
        (lambda x, noise, encoder, decoder: 0.5 * loss(x, noise, encoder, decoder), "got"),
    ],
    "levels": [
        ({0.1: (20, 15)}, "at least four"),
        ([1, 2, 3, 4], "dict"),
        (at_levels(0.2, 0.3, 0.5, 0.9), "both sides"),
        (at_levels(0.1, 0.3, 0.5, 0.9, shift=10), "has about"),
        (at_levels(0.1, 0.3, 0.5, 0.9, after=np.inf), "not finite"),
        ({0.1: 20, 0.3: 10, 0.5: 6, 0.9: 1}, "cannot be read"),
    ],
}
