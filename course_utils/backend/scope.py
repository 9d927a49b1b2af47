"""A scope in which Keras variables keep their values, whatever the code inside writes."""

import keras


class Scope(keras.StatelessScope):
    """A stateless scope that reads through to the scope around it and knows which variables were written.

    Keras asks only the innermost scope for a variable's value. A gradient inside a compiled step needs the step's
    values for everything that it does not differentiate, so an unknown variable is looked up one scope further out.

    Args:
        values: pairs (variable, value) to begin with.
        watch: function (variable) that is called at each write, or None.
    """

    def __init__(self, values=(), watch=None):
        super().__init__(state_mapping=list(values))
        self.written, self.watch = {}, watch

    def add_update(self, update):
        self.written[id(update[0])] = update[0]
        if self.watch is not None:
            self.watch(update[0])
        super().add_update(update)

    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        outer = self.original_scope
        return outer.get_current_value(variable) if value is None and outer is not None else value

    def values(self, variables):
        return [self.get_current_value(v) for v in variables]
