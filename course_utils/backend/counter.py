"""What stands in for the data in `keras.Model.fit`, where the game takes its rows elsewhere."""

import keras
import numpy as np


class Counter(keras.utils.PyDataset):
    """As many empty steps as `fit` shall count."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        return np.zeros((1,), "float32")
