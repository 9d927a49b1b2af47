"""Right and wrong answers to the exercises of lecture 03."""

import keras
import numpy as np
from keras import ops

from answers import own

# --- cut_at_z


def by_sequential(F, G):
    d = F.input_shape[-1]
    return keras.Sequential([keras.Input((d,)), keras.layers.Identity()]), keras.Sequential([F, G])


def by_reshape(F, G):
    z = keras.Input((F.input_shape[-1],))
    return keras.Model(z, keras.layers.Reshape((F.input_shape[-1],))(z)), keras.Model(z, G(F(z)))


def by_activation(F, G):
    z, code = keras.Input(F.input_shape[1:]), keras.Input(F.input_shape[1:])
    return [keras.Model(z, keras.layers.Activation("linear")(z)), keras.Model(code, G(F(code)))]


class Both(keras.Model):
    """F and G, one after the other."""

    def __init__(self, F, G):
        super().__init__()
        self.F, self.G = F, G

    def call(self, z):
        return self.G(self.F(z))


def by_class(F, G):
    z = keras.Input(F.input_shape[1:])
    return keras.Model(z, keras.layers.Dropout(0.0)(z)), Both(F, G)


def lambdas(F, G):
    return (lambda z: z), (lambda z: G(F(z)))


def one_model(F, G):
    return keras.Model(F.input, G(F.output))


def f_twice(F, G):
    z = keras.Input(F.input_shape[1:])
    return by_reshape(F, G)[0], keras.Model(z, G(F(F(z))))


def doubled(F, G):
    z = keras.Input(F.input_shape[1:])
    return keras.Model(z, keras.layers.Rescaling(2.0)(z)), keras.Model(z, G(F(z)))


def frozen_copy_of_f(F, G):
    copy = keras.models.clone_model(F)
    copy.set_weights(F.get_weights())
    z = keras.Input(F.input_shape[1:])
    return by_reshape(F, G)[0], keras.Model(z, G(copy(z)))


def images_first(F, G):
    return by_reshape(F, G)[::-1]


# --- step III


def by_norm(z, F, G, E):
    w = F(z)
    return ops.mean(ops.norm(w - E(G(w)), axis=1) ** 2)


def by_sums(z, F, G, E):
    w = F(z)
    return ops.sum((E(G(w)) - w) ** 2) / z.shape[0]


def by_products(z, F, G, E):
    difference = F(z) - E(G(F(z)))
    return ops.mean(ops.einsum("nd,nd->n", difference, difference))


def by_mean_times(z, F, G, E):
    w = F(z)
    return w.shape[-1] * ops.mean(ops.square(E(G(w)) - w))


def by_tensorflow(tf):
    return lambda z, F, G, E: tf.reduce_mean(tf.reduce_sum((F(z) - E(G(F(z)))) ** 2, axis=1))


def by_jax(jnp):
    return lambda z, F, G, E: jnp.mean(jnp.sum((F(z) - E(G(F(z)))) ** 2, axis=1))


def by_torch(torch):
    return lambda z, F, G, E: ((F(z) - E(G(F(z)))) ** 2).sum(dim=1).mean()


def cut(z, F, G, E):
    w = F(z)
    return ops.mean(ops.sum(ops.square(w - E(ops.stop_gradient(G(w)))), axis=-1))


def absolute(z, F, G, E):
    w = F(z)
    return ops.mean(ops.sum(ops.abs(w - E(G(w))), axis=-1))


def images(z, F, G, E):
    x = G(F(z))
    return ops.mean(ops.sum(ops.square(x - G(E(x))), axis=-1))


def first_code(z, F, G, E):
    w = F(z[:1])
    return ops.sum(ops.square(w - E(G(w))))


def each(z, F, G, E):
    w = F(z)
    return ops.sum(ops.square(w - E(G(w))), axis=-1)


GOOD = {"squared": [0.2, 0.3], "not squared": 0.01}

RIGHT = {
    "strangers": [(0.8367, 0.835), (0.83, 0.84)],
    "cut_at_z": [by_sequential, by_reshape, by_activation, by_class],
    "repair": [by_norm, by_sums, by_products, by_mean_times, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch)],
    "drop_the_square": [GOOD, {"squared": np.float32(0.2), "not squared": np.zeros(3)}],
}

WRONG = {
    "strangers": [
        ((0.7, 0.837), "root"),
        ((0, 0.84), "3 of 10"),
        ((1, 0.83), "nothing would come back"),
        ((0.55, 0.837), "comes *back*"),
        ((0.3, 0.837), "What did you not think of"),
    ],
    "cut_at_z": [
        (lambdas, "expected two Keras models"),
        (one_model, "expected two Keras models"),
        (f_twice, ""),
        (doubled, ""),
        (frozen_copy_of_f, ""),
        (images_first, "other order"),
        (lambda F, G: (F, G), ""),
    ],
    "repair": [
        (cut, ""),
        (absolute, ""),
        (images, ""),
        (first_code, ""),
        (each, "one number"),
        (lambda z, F, G, E: ops.mean(ops.sum(ops.square(z - E(G(F(z)))), axis=-1)), "lie in W"),
        (lambda z, F, G, E: -by_sums(z, F, G, E), ""),
    ],
    "drop_the_square": [
        (0.2, "dict"),
        ({"squared": 0.2}, "dict"),
        (GOOD | {"squared": [-0.1]}, "at least 0"),
        (GOOD | {"not squared": float("nan")}, "finite"),
    ],
}
