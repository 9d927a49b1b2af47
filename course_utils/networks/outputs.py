"""What a network makes of many rows."""

import numpy as np
from keras import ops, tree


def outputs(network, inputs, size=100):
    """Returns a network's outputs for many rows as arrays, in inference mode, in batches of one size.

    Args:
        network: keras.Model of one input.
        inputs: float (N, ...), N ≥ 1.
        size: rows at a time; the last batch is filled up, so that each layer compiles once.

    Returns:
        An array (N, ...), or a list of such arrays for a network with several outputs.
    """
    rows = np.asarray(inputs, "float32")
    padded = np.concatenate([rows, np.repeat(rows[-1:], -len(rows) % size, axis=0)])
    batches = [network(padded[start : start + size], training=False) for start in range(0, len(padded), size)]
    batches = [tree.map_structure(ops.convert_to_numpy, batch) for batch in batches]
    return tree.map_structure(lambda *parts: np.concatenate(parts)[: len(rows)], *batches)
