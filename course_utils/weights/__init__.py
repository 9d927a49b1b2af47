"""Weights on disk: NAME.npz holds arrays, NAME.json the recipe that made them.

Code builds a network and these arrays fill it; nothing here runs or rebuilds anything that was
stored. An array's key is `network/index name`, such as `generator/004 gamma`: Keras numbers its
layers over the life of a process, so a variable's path is no stable name, its position is.
"""

import contextlib
import json
import random
from pathlib import Path

import numpy as np

from course_utils import checks, files

FOLDER = Path(__file__).parent

# What a recipe must say before its weights may be stored; null is an answer, silence is not.
REQUIRED = (
    "lecture", "command", "code_version", "seed", "backend", "versions", "seconds", "machine",
    "data", "data_sha256", "evaluator", "scores", "published", "networks",
)


def names(folder=FOLDER):
    """Returns the names of all stored weights in a folder, sorted: those with both files."""
    folder = Path(folder)
    return tuple(sorted(p.stem for p in folder.glob("*.json") if p.with_suffix(".npz").is_file()))


def recipe(name, folder=FOLDER):
    """Returns the recipe of stored weights.

    Args:
        name: one of `names(folder)`.
        folder: where the two files lie.

    Returns:
        dict with at least the fields in REQUIRED and "sha256", the hash of the array file.

    Raises:
        ValueError: no such weights (the nearest name is suggested), or a recipe that cannot be read.
    """
    stored = names(folder)
    if not stored:
        raise ValueError(f"{folder} holds no weights, expected NAME.npz and NAME.json: check the folder.")
    checks.one_of(name, stored, "the name of the weights")
    path = Path(folder) / f"{name}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        missing = [field for field in (*REQUIRED, "sha256") if field not in found]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is no recipe ({error}), expected JSON: get it again.") from error
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}, expected a whole recipe: get it again.")
    return found


def read(name, folder=FOLDER):
    """Returns the recipe and the arrays of stored weights, the arrays checked by their hash.

    Args:
        name: one of `names(folder)`.
        folder: where the two files lie.

    Returns:
        (recipe, arrays): dict, and dict of key → array.

    Raises:
        ValueError: unknown name, unreadable recipe, or arrays whose hash is not the recipe's.
    """
    found = recipe(name, folder)
    return found, files.load_arrays(Path(folder) / f"{name}.npz", found["sha256"])


def write(name, networks, recipe, folder=FOLDER, dtype="float16"):
    """Stores the weights of networks with the recipe that made them.

    Args:
        name: file name without ending, such as "dcgan-mnist".
        networks: dict of name → built keras.Model; each name is a key of recipe["networks"].
        recipe: dict with every field in REQUIRED; "networks" maps each network's name to
            {"builder": name, "arguments": dict}. "sha256" and "dtype" are added here.
        folder: where the two files go.
        dtype: "float16" or "float32", how floating weights are stored. Scores must be measured on
            what is stored: call `round_to(networks, dtype)` before measuring.

    Returns:
        Path of the array file.

    Raises:
        ValueError: a field is missing, names differ, or a weight is not finite in this dtype.
            Nothing is written.
    """
    checks.one_of(dtype, ("float16", "float32"), "dtype")
    check(networks, recipe)
    return store(name, arrays(networks, dtype), recipe | {"dtype": dtype}, folder)


def store(name, stored, recipe, folder=FOLDER):
    """Writes arrays and a recipe side by side.

    Args:
        name: file name without ending.
        stored: dict of key → array.
        recipe: dict that JSON can hold; "sha256" is added here.
        folder: where the two files go.

    Returns:
        Path of the array file.
    """
    text = json.dumps(recipe, ensure_ascii=False)  # fails here, before a file is touched
    path = Path(folder) / f"{name}.npz"
    found = json.loads(text) | {"sha256": files.save_arrays(path, stored)}
    text = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    files.write_atomic(path.with_suffix(".json"), text.encode("utf-8"))
    return path


def check(networks, recipe):
    """Raises ValueError unless a recipe is whole and describes these networks."""
    missing = [field for field in REQUIRED if field not in recipe]
    if missing:
        raise ValueError(
            f"the recipe lacks {', '.join(missing)}, expected all of {', '.join(REQUIRED)}: add them "
            f"(None where there is nothing to say)."
        )
    if set(networks) != set(recipe["networks"]):
        raise ValueError(
            f"networks are {sorted(networks)}, expected those of the recipe, "
            f"{sorted(recipe['networks'])}: give each network its builder and arguments."
        )


def arrays(networks, dtype="float32"):
    """Returns the weights of networks as arrays keyed `network/index name`.

    Args:
        networks: dict of name → built keras.Model.
        dtype: floating weights are cast to it; integer weights keep theirs.

    Returns:
        dict of key → array.

    Raises:
        ValueError: a weight is NaN, infinite, or too large for the dtype.
    """
    stored = {}
    for name, network in networks.items():
        for index, (variable, value) in enumerate(zip(network.weights, network.get_weights())):
            key = f"{name}/{index:03d} {variable.name}"
            with np.errstate(over="ignore"):
                stored[key] = _cast(np.asarray(value), dtype)
            if not np.isfinite(stored[key]).all():
                raise ValueError(
                    f"{key} has values that are not finite in {dtype} (largest "
                    f"{np.abs(value).max():.4g}): store it as float32, or look for the divergence."
                )
    return stored


def round_to(networks, dtype="float16"):
    """Rounds the weights of networks, in place, to what `write` stores."""
    for network in networks.values():
        values = network.get_weights()
        network.set_weights([_cast(np.asarray(v), dtype).astype(v.dtype) for v in values])


@contextlib.contextmanager
def aside():
    """Builds networks that will be filled, without a trace in the session and whatever its settings are.

    A layer's initialiser draws from Python's random state, so loading weights half-way would change
    every network that is built afterwards; a session's bfloat16 policy is for what it trains; and stored
    kernels have their channels last.
    """
    import keras  # here, since recipes are read without Keras

    state, policy, order = random.getstate(), keras.config.dtype_policy(), keras.config.image_data_format()
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        random.setstate(state)
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(order)


def fill(networks, stored):
    """Puts stored arrays into built networks: all of them, or none where anything differs.

    Args:
        networks: dict of name → built keras.Model.
        stored: dict of key → array, as `read` returns it.

    Raises:
        ValueError: names or shapes differ; the error lists them and no weight has changed.
    """
    wanted = {
        f"{name}/{index:03d} {variable.name}": tuple(variable.shape)
        for name, network in networks.items()
        for index, variable in enumerate(network.weights)
    }
    differences = [f"{key} is missing" for key in wanted if key not in stored]
    differences += [f"{key} has no place" for key in stored if key not in wanted]
    differences += [
        f"{key} has shape {stored[key].shape} where the network has {shape}"
        for key, shape in wanted.items()
        if key in stored and stored[key].shape != shape
    ]
    if differences:
        shown = "; ".join(differences[:6]) + ("; …" if len(differences) > 6 else "")
        raise ValueError(
            f"the stored weights do not fit the networks ({len(differences)} differences: {shown}); "
            f"nothing was loaded: build them with the arguments in the recipe."
        )
    keys = iter(wanted)
    for network in networks.values():
        network.set_weights([stored[next(keys)].astype(v.dtype) for v in network.get_weights()])


def _cast(value, dtype):
    return value.astype(dtype) if np.issubdtype(value.dtype, np.floating) else value
