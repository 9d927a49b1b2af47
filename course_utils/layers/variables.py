"""Saving for layers whose kernel is computed from a variable, and one initializer for several weights."""

import keras


class OwnVariables:
    """Saves and loads the layer's variables themselves.

    `Dense`, `Conv2D` and `Embedding` save what their `kernel` property returns. Where the property
    computes the kernel from a variable, that would store the result in the variable's place and
    forget the rest.
    """

    def save_own_variables(self, store):
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        keras.layers.Layer.load_own_variables(self, store)


def fresh(initializer):
    """Returns a copy of an initializer: a seeded one, used twice, would repeat itself. A function is its own copy."""
    return initializer.clone() if isinstance(initializer, keras.initializers.Initializer) else initializer
