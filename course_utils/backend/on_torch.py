"""torch runs everything eagerly; loops are Python's."""

import contextlib
import io

import torch
from keras import ops, tree


def value_and_grad(function, variables):
    tensors = [v.value for v in variables]
    value, aux = function()
    gradients = torch.autograd.grad(value, tensors, allow_unused=True)
    gradients = [torch.zeros_like(t) if g is None else g for g, t in zip(gradients, tensors)]
    return (value.detach(), tree.map_structure(_detach, aux)), gradients


def input_gradient(function, x):
    with torch.enable_grad():
        x = ops.convert_to_tensor(x)
        x = x if x.requires_grad else x.detach().requires_grad_()
        total = ops.sum(ops.cast(function(x), "float32"))
        (gradient,) = torch.autograd.grad(total, x, create_graph=True, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient


def repeat(count, body, variables, few):
    for index in range(count):
        body(index)


def update(optimizer, gradients, variables):
    with torch.no_grad():
        optimizer.apply(gradients, variables)


def all_or_nothing(variables, attempt, xla):
    before, random, success = [v.value.detach().clone() for v in variables], torch.get_rng_state(), False
    try:
        success = bool(attempt())
    finally:
        if not success:
            for variable, old in zip(variables, before):
                variable.assign(old)
            torch.set_rng_state(random)


def dry_run(function):
    return function()


def resident(array):
    return ops.convert_to_tensor(array)


def shard(batch):
    return batch


def train_function(model, execute):
    def train(_):
        data, rows = model._running.next()
        if rows is None:
            return {}
        logs, health = execute(data, ops.convert_to_tensor(rows))
        model._running.watch(health)
        return logs

    return train


def measuring(model, measure):
    def measured(batch):
        kept = [v for v in model.non_trainable_variables if not any(v is draw for draw in model._draws)]
        before = [v.value.detach().clone() for v in kept]
        with torch.no_grad():
            logs = measure(batch)
        for variable, value in zip(kept, before):
            variable.assign(value)
        return logs

    return measured


def prepare_predict(model):
    pass


def kept(model):
    return contextlib.nullcontext()


def check_devices(model):
    pass


def devices_in_use():
    return 1


def memory():
    return torch.cuda.mem_get_info()[1] if torch.cuda.is_available() else None


def random_state():
    return {"torch": torch.get_rng_state().numpy()}  # what Dropout without a seed draws from


def set_random_state(states):
    if "torch" in states:
        torch.set_rng_state(torch.from_numpy(states["torch"].copy()))


def counter(steps):
    # Keras would make a DataLoader that draws from the global state at each epoch, where Dropout draws too.
    return torch.utils.data.DataLoader(range(steps), batch_size=None, generator=torch.Generator())


def devices():
    if torch.cuda.is_available():
        return [("gpu", torch.cuda.get_device_name(i)) for i in range(torch.cuda.device_count())]
    return [("cpu", "cpu")]


def _detach(value):
    return value.detach() if isinstance(value, torch.Tensor) else value


def to_onnx(network, example, names):
    """Returns a Keras network as the bytes of an ONNX file, traced on example arrays; rows stay open."""

    class Forward(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, *inputs):
            return network(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    made = io.BytesIO()
    rows = {name: {0: "rows"} for name in [*names, "output"]}
    with torch.no_grad():
        torch.onnx.export(
            Forward(), tuple(torch.tensor(array) for array in example), made, input_names=names,
            output_names=["output"], opset_version=17, dynamic_axes=rows, dynamo=False,
        )  # fmt: skip
    return made.getvalue()
