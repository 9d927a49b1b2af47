"""Networks as ONNX, for browsers: exported by torch, and held against Keras before anyone sees them."""

import numpy as np

CLOSE = 1e-4  # the largest difference of an output that is let through


def exported(network, rows=(1, 3)):
    """Returns a built Keras network as the bytes of an ONNX file that takes any number of rows.

    Args:
        network: built keras.Model on the torch backend, with one output.
        rows: batch sizes for which ONNX Runtime must give what Keras gives.

    Raises:
        ImportError: torch, onnx or onnxruntime is missing: pip install 'course_utils[playground]'.
        ValueError: Keras runs on another backend, or the outputs differ by more than 1e-4.
    """
    import keras

    if keras.config.backend() != "torch":
        raise ValueError(f"Found the backend {keras.config.backend()}, expected torch; set KERAS_BACKEND=torch.")
    import onnxruntime

    from course_utils.backend import on_torch

    names = [f"input{k}" for k in range(len(network.inputs))]
    made = on_torch.to_onnx(network, _inputs(network, 2), names)
    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    for n in rows:
        arrays = _inputs(network, n)
        found = session.run(None, dict(zip(names, arrays)))[0]
        wanted = network.predict(arrays if len(arrays) > 1 else arrays[0], batch_size=n, verbose=0)
        apart = float(np.max(np.abs(found - wanted))) if found.shape == wanted.shape else np.inf
        if apart > CLOSE:
            raise ValueError(
                f"Found outputs of {network.name} as ONNX {apart:.1e} apart for {n} rows, expected {CLOSE}."
            )
    return made


def _inputs(network, rows):
    """Normal numbers for floats and zeros and ones for labels, of the network's shapes."""
    rng = np.random.default_rng(rows)
    shapes = [((rows, *tensor.shape[1:]), tensor.dtype) for tensor in network.inputs]
    return [rng.standard_normal(s).astype(t) if "float" in t else rng.integers(2, size=s).astype(t) for s, t in shapes]
