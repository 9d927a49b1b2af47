"""Saving for layers whose kernel is computed from a variable."""

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
