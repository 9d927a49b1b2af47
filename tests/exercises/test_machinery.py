"""The machinery of exercises, on exercises made up for it: what is said, in which order, and what is never done."""

import threading
import time

import numpy as np
import pytest
from keras import ops

from course_utils import exercises
from course_utils.exercises import Exercise, Experiment, Prediction, calling, progress
from course_utils.exercises.gradients import value_and_slopes

TEXTS = {
    "question": "Return factor times the mean square of each row.",
    "start": "def rows(x, factor):\n    return ...\n",
    "hints": ("first step", "second step"),
    "code": "def rows(x, factor):\n    return factor * (x**2).mean(axis=1)\n",
    "why": "Because.",
}


def right(x, factor):
    return factor * (x**2).mean(axis=1)


def cases(rng):
    return [(rng.normal(size=(2, 3)), 2.0), (rng.normal(size=(4, 5)), -3.0), (np.zeros((6, 2)), 0.5)]


def exercise(**more):
    slips = ((lambda x, factor: (x**2).mean(axis=1), "factor is not used"), (lambda x, f: f * x.mean(1) ** 2, "square"))
    settings = TEXTS | {"title": "Exercise 1 · Rows", "cases": cases, "expected": right, "slips": slips}
    return Exercise(**settings | more)


def crash(x, factor):
    y = x + 1
    return y / missing  # noqa: F821


def generated(x, factor):
    yield right(x, factor)


def endless(*args):
    count = 0
    while True:
        count += sum(range(100))
        try:
            count += 1
        except:  # noqa: E722, what a student may write
            count = 0


@pytest.mark.parametrize(
    "answer, words",
    [
        (..., "Not yet: put your answer"),
        (lambda x, factor: ..., "Not yet: put your answer"),
        (lambda x, factor: (x, ...), "Not yet"),
        (lambda x, factor: ... * 2, "Not yet"),
        (3.0, "rows is a float, expected a function"),
        (lambda x: x, "found <lambda>(x), expected a function of 2 arguments"),
        (lambda x, factor: print(end=""), "Is a `return` missing?"),
        (lambda x, factor: f"{right(x, factor)}", "returns a str, expected numbers"),
        (lambda x, factor: {"a": 1}, "returns a dict"),
        (generated, "returns a generator"),
        (lambda x, factor: [[1, 2], [3]], "unlike parts"),
        (lambda x, factor: right(x, factor) + 1j, "expected numbers"),
        (lambda x, factor: right(x, factor).sum(), "found one number, expected the shape (2,), for x = [["),
        (lambda x, factor: right(x, factor)[:, None], "found the shape (2, 1), expected the shape (2,)"),
        (lambda x, factor: right(x, factor) / (x != 0).any(), "not finite for x = [[0., 0.]"),
        (lambda x, factor: right(x, 1), "factor is not used"),
        (lambda x, factor: right(x, 2.0), "right for 2 of 3 inputs, but for x = an array (4, 5)"),
        (lambda x, factor: right(x, factor) + 1, "expected  ["),
        (lambda x, factor: exit(), "SystemExit"),
        (lambda x, factor: crash, "a function, expected numbers"),
    ],
)
def test_the_messages(answer, words):
    said = exercise().verdict(answer)
    assert words in said and "mean(axis" not in said, said


@pytest.mark.parametrize(
    "activation, loss", [(ops.sigmoid, ops.binary_crossentropy), (ops.softmax, ops.categorical_crossentropy)]
)
def test_probabilities_taken_for_logits_never_pass(activation, loss):
    """Keras on TensorFlow takes the activation back, with a warning, and the loss would come out right there."""
    targets = np.array([[0.0, 1.0], [1.0, 0.0]], "float32")

    def from_logits(logits):
        return loss(targets, logits, from_logits=True)

    def expected(logits):
        return ops.convert_to_numpy(from_logits(logits.astype("float32")))

    given = [(np.array([[2.0, -1.0], [0.5, 3.0]]),), (np.array([[-2.0, 1.0], [0.0, 0.5]]),)]
    mine = exercise(cases=lambda rng: given, expected=expected, slips=())
    assert mine.verdict(from_logits).startswith("Correct")
    assert mine.verdict(lambda logits: from_logits(activation(logits))).startswith("Not quite")


def test_a_forgotten_return_is_no_placeholder():
    def rows(x, factor):
        y = factor * (x**2).mean(axis=1)  # noqa: F841

    def begun(x, factor):
        """What it does."""
        ...

    assert "Is a `return` missing?" in exercise().verdict(rows)
    assert exercise().verdict(begun).startswith("Not yet")


def test_a_crash_shows_the_error_of_the_student_with_its_line():
    said = exercise().verdict(crash)
    assert "NameError: name 'missing' is not defined, in line " in said and "return y / missing" in said
    assert "calling.py" not in said and "asarray" not in said


def test_what_is_handed_over_is_a_copy_and_a_change_is_remarked_on():
    given = [(np.full((2, 3), 2.0), 2.0), (np.full((4, 5), 3.0), 1.0)]

    def rows(x, factor):
        x *= x
        return factor * x.mean(axis=1)

    said = exercise(cases=lambda rng: given).verdict(rows)
    assert said.startswith("Correct") and "changes its argument x" in said
    assert np.all(given[0][0] == 2) and np.all(given[1][0] == 3)
    assert "changes" not in exercise().verdict(right)

    def zeros(x, factor):  # wrong, though what it returns and its argument agree
        x[:] = 0
        return right(x, factor)

    assert exercise().verdict(zeros).startswith("Not quite")


def test_a_result_that_is_the_argument_or_changes_later_is_compared_as_it_was():
    kept = np.zeros(6)

    def rows(x, factor):
        kept[: len(x)] = right(x, factor)
        return kept[: len(x)]

    assert exercise().verdict(rows).startswith("Correct")


def test_an_endless_loop_is_stopped_in_every_thread(monkeypatch):
    monkeypatch.setattr(calling, "SECONDS", 0.3)
    said = [exercise().verdict(endless)]
    other = threading.Thread(target=lambda: said.append(exercise().verdict(endless)))
    other.start()
    other.join(20)
    assert len(said) == 2 and all("stopped after 0.3 seconds" in text for text in said)
    time.sleep(0.5)  # nothing is left that would strike later


def test_inputs_follow_from_the_seed_alone():
    seen = []

    def rows(x, factor):
        seen.append(np.array(x))
        return right(x, factor)

    task = exercise()
    for seed in (1, 1, 2):
        np.random.seed(len(seen))  # noqa: NPY002, whatever the student did before
        assert task.verdict(rows, seed=seed).startswith("Correct")
    first, again, other = seen[0:4], seen[4:8], seen[8:12]
    assert all(map(np.array_equal, first, again)) and not np.array_equal(first[0], other[0])


def test_a_broken_piece_that_was_not_touched_is_not_yet():
    task = exercise(broken=lambda x, factor: right(x, factor) + 1)
    assert task.verdict(lambda x, factor: right(x, factor) + 1).startswith("Not yet: the code still does")
    assert task.verdict(lambda x, factor: right(x, factor) + 2).startswith("Not quite")


def test_several_results():
    task = exercise(expected=lambda x, f: (x.mean(), x.max(axis=1)))
    assert task.verdict(lambda x, f: [ops.mean(x), ops.max(x, axis=1)]).startswith("Correct")
    assert "returns one result, one number, expected 2 results" in task.verdict(lambda x, f: x.mean())
    assert "result 2 of 2: found one number" in task.verdict(lambda x, f: (x.mean(), x.max()))


def test_a_gradient_is_asked_for_where_later_cells_need_it():
    task = exercise(given=calling.tensors, gradient=0, expected=lambda x, f: f * np.mean(x**2))
    assert task.verdict(lambda x, f: f * ops.mean(x**2)).startswith("Correct")
    for answer in (
        lambda x, f: f * ops.mean(ops.stop_gradient(x) ** 2),
        lambda x, f: f * np.mean(ops.convert_to_numpy(x) ** 2),
        lambda x, f: float(f * ops.mean(x**2)),
    ):
        assert "Not quite: the values are right, but " in task.verdict(answer)


def test_networks_are_real_models_and_keep_their_weights():
    def loss(x, f, network):
        return f * ops.mean(ops.square(network(x)))

    def trains(x, f, network):
        for variable in network.variables:
            variable.assign(0 * variable)
        return loss(x, f, network)

    made = []

    def with_networks(rng):
        made.append(calling.network(rng, 3, 2))
        return [(rng.normal(size=(n, 3)), 2.0 * n, made[-1]) for n in (2, 5)]

    task = exercise(cases=with_networks, given=calling.tensors, probe=value_and_slopes, expected=loss, slips=())
    assert task.verdict(lambda x, f, g: loss(x, f, lambda y: g(y, training=False))).startswith("Correct")
    assert task.verdict(trains).startswith("Not quite")  # on JAX it cannot even read weights inside a gradient
    assert np.any(made[-1].get_weights()[0])
    assert "expected a tensor" in task.verdict(lambda x, f, g: 1.0)
    plain = exercise(cases=with_networks, expected=lambda x, f, g: f * g.predict(x, verbose=0), slips=())
    assert plain.verdict(lambda x, f, g: f * g.predict(x, verbose=0)).startswith("Correct")
    assert plain.verdict(lambda x, f, g: f * g(x, training=False)).startswith("Correct")


@pytest.mark.parametrize("form", ["x.sum(axis=1)", "np.sum(x, axis=1)", "ops.sum(x, axis=1)", "1 - (1 - x @ ones)"])
def test_every_style_works_on_arrays(form):
    sums = eval("lambda x: " + form, {"np": np, "ops": ops, "ones": np.ones(3, "float32")})
    task = exercise(cases=lambda rng: [(rng.normal(size=(2, 3)), 1.0)], expected=lambda x, f: f * x.sum(axis=1))
    assert task.verdict(lambda x, f: f * sums(x)).startswith("Correct")
    mixed = lambda x, f: ops.sum(x - ops.mean(x) + ops.mean(x) * (x * 0 + 1), axis=1) * np.float32(f)  # noqa: E731
    assert task.verdict(mixed).startswith("Correct")


def test_laws_come_last_and_ask_for_a_shape():
    def doubles(ask, rng):
        x = rng.normal(size=(3, 2))
        return None if np.allclose(ask(x, 4.0, shape=(3,)), 2 * ask(x, 2.0)) else "not linear in factor."

    task = exercise(laws=(doubles,), cases=lambda rng: [(np.ones((2, 2)), 1.0), (np.ones((3, 2)), 1.0)])
    assert task.verdict(right).startswith("Correct")
    assert "not linear" in task.verdict(lambda x, f: right(x, f**2))
    only = exercise(laws=(doubles,), cases=lambda rng: (), expected=None)
    assert "expected the shape (3,)" in only.verdict(lambda x, f: x)


def test_a_piece_is_used_when_it_is_right_and_the_package_stands_in_else(capsys):
    task, package = exercise(), lambda x, factor: None
    assert task.use(right, package) is right
    assert task.use(lambda x, factor: x, package) is package
    assert "until it is right" in capsys.readouterr().out.lower()
    assert task.use(...) is task.expected


def test_a_prediction_costs_nothing(capsys):
    task = Prediction(
        **TEXTS | {"start": "guess = ...\n"}, title="Exercise 2", unit="dB", slips=((lambda m: m / 2, "half"),)
    )
    task.compare(8)
    assert "had not said" in capsys.readouterr().out
    for guess, words in ((..., "Not yet"), ("8", "found a str"), (np.nan, "finite"), (4, "you expect 4 dB")):
        task.check(guess)
        assert words in capsys.readouterr().out
    task.compare(8)
    assert "measured 8 dB, you expected 4 dB. half" in capsys.readouterr().out
    assert task.verdict(np.float32(7.9)).startswith("Noted") and progress.record(task).done


def test_an_experiment_needs_a_measurement_and_a_sentence():
    task = Experiment(
        **TEXTS, title="Exercise 3", sound=lambda m: None if len(m) > 2 else "too few.", rubric=("a point",)
    )
    sentence = "It falls, because there is more of it than before."
    assert task.verdict(..., ...).startswith("Not yet") and "too few" in task.verdict([1], sentence)
    assert "cannot be read" in task.verdict(5, sentence) and "write what follows" in task.verdict(
        [1, 2, 3], "It falls."
    )
    assert task.verdict([1, 2, 3], sentence).startswith("Done") and "- a point" in task.solved()


def test_hints_come_one_at_a_time(capsys):
    task = exercise()
    for words in ("Hint 1 of 2: first", "Hint 2 of 2: second", "Hint 2 of 2: second"):
        task.hint()
        assert words in capsys.readouterr().out


def test_the_summary_counts_tries_until_a_task_is_done(capsys):
    exercises.summary()
    before = capsys.readouterr().out
    task = exercises.autoencoders.least_error
    mine = progress.record(task)
    mine.tries, mine.done = 0, False
    for answer in (..., lambda x, widths: x, lambda x, widths: 1 / 0, task.expected, task.expected):
        task.verdict(answer)
    exercises.summary()
    after = capsys.readouterr().out
    assert f"done   {task.title}  3 tries" in after and after != before


def test_names_of_a_cell():
    assert exercise().names == ["rows"]
    assert exercise(start="a = ...\nb = ...\n").names == ["a", "b"]
    assert exercise(start="class Fixed:\n    pass\n").names == ["Fixed"]
