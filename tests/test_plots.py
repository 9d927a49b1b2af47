"""Figures: what is drawn, how large it is, and what a notebook gets."""

import base64
import io
import re

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from course_utils import plots
from course_utils.games import gan, wgan
from course_utils.metrics import Reading, frechet_distance
from course_utils.networks import gan as nets
from course_utils.plots import explorer, live, progress, style

pytestmark = pytest.mark.once


def test_tile_puts_images_row_by_row_with_gaps():
    images = np.stack([np.full((3, 2, 1), v, "float32") for v in (0.0, 0.25, 1.0)])
    page = plots.tile(images, columns=2, gap=1)
    assert page.shape == (7, 5, 1)
    assert page[0, 0, 0] == 1.0  # grey images are ink on paper: no ink is white
    assert page[0, 3, 0] == 0.75 and page[4, 0, 0] == 0.0
    assert np.isnan(page[3]).all() and np.isnan(page[:, 2]).all() and np.isnan(page[4:, 3:]).all()


def test_tile_keeps_colours_clips_and_takes_any_range():
    images = np.zeros((1, 2, 2, 3), "float32")
    images[0, 0, 0] = [-1.0, 0.0, 9.0]
    page = plots.tile(images, columns=1, low=-1.0, high=1.0)
    assert page.shape == (2, 2, 3) and np.allclose(page[0, 0], [0.0, 0.5, 1.0])


def test_fonts_can_be_read_from_the_last_row():
    assert min(v for k, v in style.STYLE.items() if k.endswith("size")) >= 12


def every_figure():
    rng = np.random.default_rng(0)
    images, z, y = rng.random((20, 28, 28, 1)), rng.normal(size=(200, 2)), rng.integers(0, 10, 200)
    yield plots.image_grid(images, columns=5, title="samples")
    yield plots.image_rows({"one": images[:5], "two": images[5:10]}, columns=list("abcde"))
    yield plots.latent_scatter({"left": (z, y), "right": (3 * z, y)})
    yield plots.latent_map(z, y, rng.random((4, 4, 28, 28, 1)), limit=2.0)
    yield plots.curves({"nll": [3.0, 2.0], "kl": [0.0, 1.0]}, {"nll": "reconstruction", "kl": "KL"})
    yield plots.bars({"FD": [1.0, 2.0]}, ["a", "b"])
    yield plots.dots({"FD": [[1.0, 2.0], [3.0]]}, ["a", "b"])


def test_the_end_of_a_curve_is_written_with_as_many_digits_as_it_needs():
    made = plots.curves({"a": [2.0, 0.648], "b": [1.0, 163.24]}, {"a": "loss", "b": "nats"})
    assert [text.get_text() for text in made.axes[0].get_legend().get_texts()] == ["loss: 0.648", "nats: 163.2"]


def test_every_figure_becomes_a_small_png_with_text_of_at_least_12_points():
    for figure in every_figure():
        assert isinstance(figure, Figure)
        data = plots.png(figure)
        assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 150_000
        texts = [t for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert texts == [] or min(t.get_fontsize() for t in texts) >= 12


def test_axes_of_a_latent_map_name_their_axes_and_both_panels_have_one_range():
    figure = plots.latent_map(np.zeros((3, 2)), np.arange(3), np.zeros((2, 2, 28, 28, 1)), limit=2.5)
    left, right = figure.axes
    assert left.get_xlabel() == right.get_xlabel() == "$z_1$"
    assert left.get_xlim() == right.get_xlim() == (-2.5, 2.5)


def test_the_picture_carries_its_alternative_text():
    figure, axis = plots.figure()
    axis.plot([0, 1])
    data, metadata = style.bundle(figure, "A line that rises.")
    assert metadata == {"image/png": {"alt": "A line that rises."}}
    assert data["text/plain"] == "A line that rises."
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).format == "PNG"


def test_show_refuses_a_figure_without_alternative_text():
    with pytest.raises(ValueError, match="alt is empty"):
        plots.show(plots.figure()[0], "  ")


def test_nobody_watches_a_test_so_sliders_do_nothing(monkeypatch):
    assert not plots.interactive()
    assert plots.explore(lambda a: pytest.fail("drawn"), a=(0.0, 1.0, 0.5)) is None


def test_live_leaves_one_figure_where_nobody_watches(monkeypatch):
    shown = []
    monkeypatch.setattr(live, "show", lambda figure, alt: shown.append((figure, alt)))
    callback = plots.Live(lambda: np.zeros((4, 28, 28, 1)), {"loss": "loss"}, alt="curves")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[callback])
    ((figure, alt),) = shown
    assert alt == "curves" and len(figure.axes) == 2
    assert len(figure.axes[1].lines[0].get_xdata()) == 3


def test_somebody_who_watches_sees_a_line_and_a_figure_before_the_first_iteration(monkeypatch):
    told, drawn = [], []
    monkeypatch.setattr(live, "interactive", lambda: True)
    monkeypatch.setattr(live, "Progress", lambda: progress.Progress(told.append, seconds=0.0))
    monkeypatch.setattr(live.Live, "_redraw", lambda self: drawn.append((len(told), self.figure(), self.describe())))
    real = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    game = gan.GAN(nets.point_generator(width=4, depth=1), nets.point_critic(width=4, depth=1))
    callback = plots.GameLive(game, real)
    game.compile()
    game.fit(real, batch_size=8, epochs=2, steps_per_epoch=2, verbose=0, callbacks=[callback])
    assert told[0].startswith("Compiling")
    assert told[1].startswith("epoch 1 of 2 · iteration 1 of 4")
    assert re.fullmatch(r"epoch 2 of 2 · iteration 4 of 4 · \d+ s · about 0 s left", told[4])
    assert told[-1].startswith("4 iterations in")
    before, figure, alt = drawn[0]
    assert (before, alt) == (1, "Samples now, before the first iteration.")  # after the line, before any iteration
    assert len(figure.axes[0].collections) == 2 and not figure.axes[1].lines


def test_a_training_of_unknown_length_says_what_it_can(monkeypatch):
    told = []
    line = progress.Progress(told.append, seconds=0.0)
    line.set_params({"epochs": 3, "steps": None})
    line.on_train_begin()
    line.on_epoch_begin(1)
    line.on_train_batch_end(4)
    assert re.fullmatch(r"epoch 2 of 3 · iteration 5 · \d+ s", told[-1])
    assert progress._time(125.2) == "2 min 05 s"


def test_smoke_says_that_it_leaves_the_live_view_out(monkeypatch, capsys):
    monkeypatch.setattr(live, "hurried", lambda: True)
    plots.Live(lambda: None, {}, alt="curves").on_train_begin()
    assert capsys.readouterr().out == "smoke: the live view is left out; the figure comes at the end\n"


def test_a_slider_redraws_while_it_is_dragged_and_says_what_is_seen(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(explorer, "interactive", lambda: True)
    monkeypatch.setattr(IPython.display, "display", shown.append)
    plots.explore(lambda a, b: plots.figure()[0], alt="A <plane>.", a=(0.0, 1.0, 0.5), b=(-1.0, 1.0, 0.0))
    (box,) = shown
    first, _, picture = box.children
    assert first.continuous_update
    assert 'alt="A &lt;plane&gt;. At a = 0.50, b = 0.00."' in picture.value
    first.value = 0.75
    assert "At a = 0.75, b = 0.00." in picture.value
    assert picture.value.startswith('<img src="data:image/png;base64,')


def test_live_can_draw_each_curve_on_an_axis_of_its_own(monkeypatch):
    shown = []
    monkeypatch.setattr(live, "show", lambda figure, alt: shown.append(figure))
    callback = plots.Live(lambda: np.zeros((4, 28, 28, 1)), {"loss": "a", "other": "b"}, alt="curves", apart=True)
    callback.on_train_begin()
    callback.set_model(keras.Sequential())
    callback.on_epoch_end(0, {"loss": 200.0, "other": 3.0})
    callback.on_train_end()
    _, first, second = shown[0].axes
    assert first.lines[0].get_ydata()[0] == 200.0 and second.lines[0].get_ydata()[0] == 3.0


def test_dots_stand_at_their_values_and_the_bar_at_their_mean():
    (axis,) = plots.dots({"FD": [[1.0, 2.0], [3.0]]}, ["a", "b"]).axes
    assert axis.lines[0].get_ydata().tolist() == [1.0, 2.0]
    assert [text.get_text() for text in axis.texts] == ["1.5", "3"]


def watched(monkeypatch, game, real, **arguments):
    """Plays two epochs of two iterations with a GameLive; returns it and the one figure that it left."""
    shown = []
    monkeypatch.setattr(live, "show", lambda figure, alt: shown.append((figure, alt)))
    callback = plots.GameLive(game, real, **arguments)
    game.compile()
    game.fit(real, batch_size=8, epochs=2, steps_per_epoch=2, verbose=0, callbacks=[callback])
    (one,) = shown
    return callback, *one


def test_a_watched_game_logs_what_it_draws(monkeypatch):
    real = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    game = gan.GAN(nets.point_generator(width=4, depth=1), nets.point_critic(width=4, depth=1))
    callback, figure, alt = watched(monkeypatch, game, real)
    assert callback.history["iterations"] == [2.0, 4.0]
    assert callback.history["slope"][-1] == pytest.approx(game.slopes(real).mean(), rel=1e-5)
    assert np.array_equal(callback.examples, game.sample(500, 0))
    assert 0 < callback.history["seconds"][0] < callback.history["seconds"][1]
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["Samples now", "Losses", "Mean slope ‖∇f‖ at real", "Discriminator's accuracy"]
    assert "after 4 iterations" in alt


def test_a_watched_wasserstein_game_has_a_gap_in_place_of_accuracies(monkeypatch):
    real = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    game = wgan.WGAN(nets.point_generator(width=4, depth=1), nets.point_critic(width=4, depth=1))
    _, figure, _ = watched(monkeypatch, game, real)
    (gap,) = (axis for axis in figure.axes if axis.get_title() == "Gap E f(x) − E f(G(z))")
    assert np.allclose(gap.lines[0].get_xdata(), [2, 4])


def test_a_watched_game_of_images_measures_the_distance(monkeypatch):
    class Read:
        name = "means"

        def __call__(self, images):
            return Reading(images.mean((1, 3))[:, :3], None)

    real = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype("float32")
    generator = nets.dcgan_generator(latent_dim=2, width=2, image_shape=(8, 8, 1))
    game = gan.GAN(generator, nets.mlp_critic((4,), (8, 8, 1)))
    callback, figure, _ = watched(monkeypatch, game, real, read=Read(), shown=6, columns=3)
    expected = frechet_distance(callback.examples.mean((1, 3))[:, :3], real.mean((1, 3))[:, :3])
    assert callback.history["FD"][-1] == pytest.approx(expected, rel=1e-5)
    assert "FD-means, 500 samples" in [axis.get_title() for axis in figure.axes]
    assert min(t.get_fontsize() for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()) >= 12


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((2, 4, 4, 4)), ValueError, r"\(2, 4, 4, 4\), expected .*opaque a pixel is, so drop it with"),
        (np.zeros((2, 4, 4, 2)), ValueError, "opaque"),
        (np.zeros((4, 4, 3)), ValueError, r"images\[None\] for one image"),
        (np.zeros((2, 16)), ValueError, "channels last"),
        (np.zeros((2, 3, 4, 4), "float32")[..., :0], ValueError, "channels last"),
        (np.zeros((2, 4, 4, 3), "uint8"), TypeError, r"type uint8, expected floats.*data.scale.*convert\('RGB'\)"),
        (np.zeros((2, 4, 4, 1), "uint16"), TypeError, "type uint16"),
    ],
)
def test_what_is_no_grey_or_colour_image_is_not_drawn(images, error, words):
    with pytest.raises(error, match=words):
        plots.image_grid(images)
    with pytest.raises(error, match=words):
        plots.image_rows({"a": images})
