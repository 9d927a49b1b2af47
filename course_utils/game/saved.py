"""How a game is saved: by its weights; and what else `keras.Model` offers that a game cannot do."""

from keras import ops


class Saved:
    """The part of `Game` that answers to saving and to calls that a game refuses.

    `save_weights` and `load_weights` hold all of a game's state: weights, averages, optimizers, seeds, and iteration.
    """

    def train_on_batch(self, *args, **kwargs):
        raise TypeError(
            "Found train_on_batch on a Game, expected fit, which orders the rows itself; "
            "call fit(x, batch_size=len(x), steps_per_epoch=1)."
        )

    def test_on_batch(self, *args, **kwargs):
        raise TypeError("Found test_on_batch on a Game, expected evaluate; call evaluate(x, batch_size=len(x)).")

    def get_config(self):
        raise TypeError(
            f"Found the game {type(self).__name__} asked for its configuration, to save, clone or copy it, expected "
            "none, since its losses are code; build it by that code and use save_weights and load_weights."
        )

    def save(self, *args, **kwargs):
        self.get_config()

    def __reduce__(self):
        self.get_config()

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for index, variable in enumerate(self._draws):
            store[f"draw_{index}"] = ops.convert_to_numpy(variable.value)

    def load_own_variables(self, store):
        super().load_own_variables({key: store[key] for key in list(store.keys()) if not key.startswith("draw_")})
        for index, variable in enumerate(self._draws):
            variable.assign(store[f"draw_{index}"])
