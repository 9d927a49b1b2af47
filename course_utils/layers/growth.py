"""The change from a smaller network to the one that grew out of it."""

import keras


@keras.saving.register_keras_serializable("course_utils")
class FadeIn(keras.layers.Layer):
    """Blends what a smaller network makes with what the layers that were added make.

    y = (1 − α) · old + α · new

    At α = 0 the grown network computes what the smaller one did; at α = 1 the old way is gone. α is a
    weight, `fade`, that no optimizer moves: whoever trains the network assigns it.

    Call:
        [old, new], float tensors of one shape -> the same shape and dtype.

    Source:
        Karras et al., Progressive Growing of GANs, 2018, section 2 and figure 2.
    """

    def build(self, input_shape):
        self.fade = self.add_weight(name="fade", shape=(), initializer="ones", trainable=False)

    def call(self, inputs):
        old, new = inputs
        fade = keras.ops.cast(self.fade, old.dtype)
        return (1 - fade) * old + fade * new

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])
