"""Sliders for a notebook that a person watches."""

import base64
import html

from .style import interactive, png

WIDEST = 720  # pixels of the picture on the page


def explore(draw, alt="", **sliders):
    """Shows sliders and the figure that belongs to them, redrawn while they are dragged.

    Does nothing where nobody watches. A static figure of the same content comes first in the notebook: sliders are
    lost on a page.

    Args:
        draw: takes the sliders' values by name, returns a matplotlib figure.
        alt: what the figure shows; the sliders' values are added.
        sliders: name -> (lowest, highest, first value), floats.
    """
    if not interactive():
        return
    import ipywidgets as widgets
    from IPython.display import display

    handles = {
        name: widgets.FloatSlider(first, min=low, max=high, step=(high - low) / 100, description=name)
        for name, (low, high, first) in sliders.items()
    }
    picture = widgets.HTML()  # widgets.Image has no alternative text

    def redraw(_=None):
        values = {name: handle.value for name, handle in handles.items()}
        picture.value = image(draw(**values), f"{alt} {_said(values)}".strip())

    for handle in handles.values():
        handle.observe(redraw, names="value")
    redraw()
    display(widgets.VBox([*handles.values(), picture]))


def image(figure, alt):
    """Returns a figure as an element of HTML with its alternative text."""
    encoded = base64.b64encode(png(figure)).decode("ascii")
    style = f"max-width: min(100%, {WIDEST}px)"
    return f'<img src="data:image/png;base64,{encoded}" alt="{html.escape(alt)}" style="{style}">'


def _said(values):
    return "At " + ", ".join(f"{name} = {value:.2f}" for name, value in values.items()) + "."
