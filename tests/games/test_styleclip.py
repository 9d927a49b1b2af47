"""StyleCLIP: the three distances by hand, what moves and what stands still, chunks, layers, mapper and direction."""

import keras
import numpy as np
import pytest

from course_utils import data
from course_utils.games import styleclip
from course_utils.games.stylegan import images_of
from course_utils.networks import clip as networks
from course_utils.networks import stylegan
from tests.numeric import array

RNG = np.random.default_rng(5)
LAYERS, AXES = 4, 3
W = RNG.normal(size=(5, LAYERS, AXES)).astype("float32")
TEXT = (np.eye(6)[2]).astype("float32")


@pytest.fixture(scope="module")
def parts():
    keras.utils.set_random_seed(2)
    synthesis = stylegan.style_synthesis(8, latent_dim=AXES, width=2, widest=4)
    features = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(7)])
    return networks.glyph_image_encoder(8, width=4, dim=6), synthesis, features


def test_the_distances_by_hand():
    vectors = np.array([[1.0, 0.0], [0.6, 0.8]], "float32")
    found = styleclip.clip_distance(vectors, np.array([0.0, 1.0], "float32"))
    np.testing.assert_allclose(array(found), [1, 0.2], atol=1e-6)
    points = np.arange(8, dtype="float32").reshape(2, 2, 2)
    np.testing.assert_allclose(array(styleclip.step_size(points, 0 * points)), [14, 126])
    same = styleclip.identity_distance(np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([[5.0, 0.0], [-1.0, 0.0]]))
    np.testing.assert_allclose(array(same), [0, 1], atol=1e-6)
    some = RNG.normal(size=(20, 4))
    assert (array(styleclip.identity_distance(some, some[::-1])) >= -1e-6).all(), "no sign, unlike a difference"


def test_steps_lower_the_loss_and_everything_else_stands_still(parts):
    image_encoder, synthesis, reader = parts
    before = [[v.copy() for v in network.get_weights()] for network in parts]
    editor = styleclip.Editor(image_encoder, synthesis, reader, rows=2, steps=15, optimizer=keras.optimizers.Adam(0.02))
    found = editor.edit(W, TEXT, l2=0.01, identity=0.01)
    again = editor.edit(W, TEXT, l2=0.01, identity=0.01)
    for network, values in zip(parts, before):
        for one, other in zip(network.get_weights(), values, strict=True):
            np.testing.assert_array_equal(one, other)
    vectors = array(image_encoder(found.images))
    start = 1 - array(image_encoder(images_of(synthesis, W))) @ TEXT
    np.testing.assert_allclose(found.clip, 1 - vectors @ TEXT, atol=1e-5)
    np.testing.assert_allclose(found.images, images_of(synthesis, found.points), atol=1e-5)
    np.testing.assert_allclose(found.l2, np.square(found.points - W).sum(axis=(1, 2)), rtol=1e-4)
    assert (found.clip < start).all() and (found.l2 > 0).all()
    np.testing.assert_array_equal(again.points, found.points)  # an edit begins anew, whatever came before it


def test_chunks_and_neighbours_change_nothing(parts):
    image_encoder, synthesis, _ = parts
    whole = styleclip.Editor(image_encoder, synthesis, rows=5, steps=3).edit(W, TEXT)
    parts_ = styleclip.Editor(image_encoder, synthesis, rows=2, steps=3).edit(W, TEXT)
    assert np.abs(whole.points - W).max() > 0.2
    np.testing.assert_allclose(whole.points, parts_.points, atol=2e-2)  # Adam divides, and so enlarges what is rounded


def test_one_row_one_weight_and_one_text(parts):
    image_encoder, synthesis, reader = parts
    editor = styleclip.Editor(image_encoder, synthesis, reader, rows=5, steps=8)
    many = editor.edit(W, np.stack([TEXT, TEXT, -TEXT, TEXT, TEXT]), l2=[0, 0, 0, 1, 10], identity=[0, 5, 0, 0, 0])
    alone = editor.edit(W, TEXT)
    np.testing.assert_allclose(many.points[0], alone.points[0], atol=2e-2)
    assert many.identity[1] < alone.identity[1]
    assert many.clip[2] != pytest.approx(alone.clip[2], abs=1e-3)
    assert many.l2[3] < alone.l2[3] and many.l2[4] < alone.l2[4]


def test_layers_that_may_not_move_do_not(parts):
    editor = styleclip.Editor(*parts[:2], rows=5, steps=4)
    for layers, moved in ((slice(2, None), [2, 3]), ([0], [0]), (None, range(4))):
        steps = np.abs(editor.edit(W, TEXT, layers=layers).points - W).max(axis=(0, 2))
        assert [i for i in range(LAYERS) if steps[i] > 0] == list(moved)
    rows = np.zeros((5, LAYERS), bool)
    rows[1, 3] = True
    steps = np.abs(editor.edit(W, TEXT, layers=rows).points - W).max(axis=2)
    assert np.argwhere(steps > 0).tolist() == [[1, 3]]


def test_pixels_move_themselves(parts):
    images = images_of(parts[1], W)
    editor = styleclip.PixelEditor(parts[0], rows=5, steps=10)
    found = editor.edit(images, TEXT)
    assert (found.clip < 1 - array(parts[0](images)) @ TEXT).all()
    assert found.images.shape == images.shape and np.abs(found.images).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"start": W[:, :2]}, r"starts of shape \(5, 2, 3\)"),
        ({"text": TEXT[:3]}, r"a text of shape \(3,\)"),
        ({"text": np.stack([TEXT] * 4)}, r"a text of shape \(4, 6\)"),
        ({"l2": -1.0}, "l2=-1.0"),
        ({"identity": 1.0}, r"identity_reader\(\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words, parts):
    with pytest.raises(ValueError, match=words):
        styleclip.Editor(*parts[:2], rows=2, steps=2).edit(**{"start": W, "text": TEXT} | arguments)


def test_a_mapper_learns_the_step_and_nothing_else_moves(parts):
    image_encoder, synthesis, reader = parts
    before = [[v.copy() for v in network.get_weights()] for network in parts]
    mapper = networks.style_mapper(LAYERS, AXES, width=8, chosen=[2, 3])
    game = styleclip.Mapper(mapper, image_encoder, synthesis, TEXT, reader, 0.01, 0.1)
    game.compile()
    w = RNG.normal(size=(32, LAYERS, AXES)).astype("float32")
    first = game.evaluate(w, batch_size=32, verbose=0)
    game.fit(w, batch_size=16, epochs=20, verbose=0)
    after = game.evaluate(w, batch_size=32, verbose=0)
    assert first["l2"] == 0 == pytest.approx(first["identity"], abs=1e-5) and after["loss"] < first["loss"]
    assert after["loss"] == pytest.approx(after["clip"] + 0.01 * after["l2"] + 0.1 * after["identity"], rel=1e-4)
    moved = styleclip.mapped(mapper, w)
    np.testing.assert_array_equal(moved[:, :2], w[:, :2])
    vectors = array(image_encoder(images_of(synthesis, moved)))
    assert after["clip"] == pytest.approx(np.mean(1 - vectors @ TEXT), rel=1e-3)
    for network, values in zip(parts, before):
        for one, other in zip(network.get_weights(), values, strict=True):
            np.testing.assert_array_equal(one, other)


def test_along_the_direction_pictures_go_towards_the_text(parts):
    image_encoder, synthesis, _ = parts
    w = RNG.normal(size=(60, LAYERS, AXES)).astype("float32")
    direction = styleclip.global_direction(image_encoder, synthesis, w, TEXT, -TEXT)

    def slope(way, step=0.02):
        after, before = (array(image_encoder(images_of(synthesis, w + a * way))) @ TEXT for a in (step, -step))
        return (after - before).mean() / (2 * step)

    others = RNG.normal(size=(6, LAYERS, AXES)).astype("float32")
    others *= (w.std(axis=0) / np.linalg.norm(others, axis=(1, 2))[:, None, None]).astype("float32")
    assert slope(direction) > max(abs(slope(other)) for other in others) > 0, "no other step as long goes further"
    few = styleclip.global_direction(image_encoder, synthesis, w, TEXT, -TEXT, share=0.25, layers=slice(2, None))
    assert np.count_nonzero(few) == 3 and not few[:2].any()
    spread = w.std(axis=0)
    assert np.linalg.norm(direction / spread) == pytest.approx(1, rel=1e-4)


def test_the_reader_of_identity_is_blind_to_colour_and_not_to_digits():
    glyphs = data.glyphs.make(40, seed=3, colour=True, size=32)
    images = data.scale(glyphs.images)
    reader = styleclip.identity_reader()
    same = array(styleclip.identity_distance(array(reader(images)), array(reader(images[..., ::-1]))))
    other = array(styleclip.identity_distance(array(reader(images)), array(reader(images[::-1]))))
    assert same.max() < 1e-3 < 0.05 < other[glyphs.labels != glyphs.labels[::-1]].mean()


def test_the_judge_reads_glyphs():
    glyphs = data.glyphs.make(60, seed=3, colour=True, size=32)
    found = styleclip.judged(data.scale(glyphs.images))
    truth = data.captions.attributes(glyphs.labels, glyphs.factors)
    assert np.mean(found["digit"] == truth["digit"]) > 0.98
    for name in ("stroke", "ground"):
        assert np.mean(found[name] == truth[name]) > 0.85
    assert np.corrcoef(found["lean"], data.captions.lean(glyphs.factors))[0, 1] > 0.95
    assert set(found) >= {"thickness-word", "lean-word", "size-word", "hue", "background", "thickness"}
