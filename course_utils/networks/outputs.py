"""What a network makes of many rows."""

import numpy as np

from course_utils.builders import in_batches


def outputs(network, inputs, size=100):
    """Returns a network's outputs for many rows as arrays, in inference mode, in batches of one size.

    Args:
        network: keras.Model of one input.
        inputs: float (N, ...), N ≥ 1.
        size: rows at a time; the last batch is filled up, so that each layer compiles once.

    Returns:
        An array (N, ...), or a list of such arrays for a network with several outputs.
    """
    return in_batches(lambda rows: network(rows[0], training=False), [np.asarray(inputs, "float32")], size)
