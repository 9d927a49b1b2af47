"""CoGAN: losses by hand, what is tied and what is not."""

import keras
import numpy as np
import pytest

from course_utils.games import cogan
from course_utils.networks.domains import paired_critic, paired_generator
from tests.numeric import array

SHAPES = (8, 8, 1), (8, 8, 3)
RNG = np.random.default_rng(0)
BATCH = tuple(RNG.uniform(-1, 1, (16, *shape)).astype("float32") for shape in SHAPES)


def game(tied=True):
    keras.utils.set_random_seed(2)
    made = cogan.CoGAN(paired_generator(3, SHAPES, 4, tied), paired_critic(SHAPES, 4, tied), seed=1)
    made.compile()
    return made


def logistic(logits, sign):
    return np.logaddexp(0, -sign * array(logits).astype("float64")).mean()


def test_both_losses_by_hand():
    made = game()
    fakes = [keras.ops.convert_to_tensor(fake) for fake in made.sample(16, seed=3)]
    made.fakes = lambda batch, training: fakes  # the same for both players
    found = made.evaluate(BATCH, batch_size=16, verbose=0)
    real, fake = made.critic(list(BATCH)), made.critic(fakes)
    expected = sum(logistic(r, 1) + logistic(f, -1) for r, f in zip(real, fake))
    assert found["critic_loss"] == pytest.approx(expected, rel=1e-4)
    assert found["generator_loss"] == pytest.approx(sum(logistic(f, 1) for f in fake), rel=1e-4)


def test_the_deep_layers_are_the_same_variables_and_the_control_has_its_own():
    for build in (paired_generator, paired_critic):
        arguments = {"image_shapes": SHAPES, "width": 4}
        tied, loose = build(**arguments), build(**arguments, tied=False)
        shared = tied.get_layer("shared")
        doubled = [loose.get_layer(f"shared_{which}") for which in "ab"]
        assert not {id(v) for v in doubled[0].variables} & {id(v) for v in doubled[1].variables}
        assert loose.count_params() - tied.count_params() == shared.count_params()


def test_moving_the_shared_layers_moves_both_images_and_an_end_only_its_own():
    generator = game().generator
    z = RNG.normal(size=(4, 3)).astype("float32")

    def moved(variable):
        before = [array(x) for x in generator(z, training=False)]
        variable.assign(array(variable) + 1.0)
        after = [array(x) for x in generator(z, training=False)]
        return [bool((a != b).any()) for a, b in zip(before, after)]

    assert moved(generator.get_layer("shared").trainable_variables[0]) == [True, True]
    assert moved(generator.get_layer("images_b").bias) == [False, True]


def test_playing_moves_both_networks_and_samples_follow_the_seed():
    made = game(tied=False)
    before = [v.copy() for v in made.generator.get_weights() + made.critic.get_weights()]
    made.fit(BATCH, batch_size=8, steps_per_epoch=2, verbose=0)
    after = made.generator.get_weights() + made.critic.get_weights()
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    one, two = made.sample(5, seed=3), made.sample(5, seed=3)
    assert [x.shape for x in one] == [(5, *shape) for shape in SHAPES]
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)
    assert (one[0] != made.sample(5, seed=4)[0]).any()


def test_other_data_is_refused():
    with pytest.raises(ValueError, match="array 1 of x"):
        game().fit((BATCH[0], BATCH[0]), batch_size=8, verbose=0)
