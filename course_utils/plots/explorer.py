"""Sliders for a notebook that a person watches."""

from .style import interactive, png


def explore(draw, **sliders):
    """Shows sliders and the figure that belongs to them; does nothing where nobody watches.

    A static figure of the same content comes first in the notebook: sliders are lost on a page.

    Args:
        draw: takes the sliders' values by name, returns a matplotlib figure.
        sliders: name -> (lowest, highest, first value), floats.
    """
    if not interactive():
        return
    import ipywidgets as widgets
    from IPython.display import display

    handles = {
        name: widgets.FloatSlider(
            first, min=low, max=high, step=(high - low) / 100, description=name, continuous_update=False
        )
        for name, (low, high, first) in sliders.items()
    }
    picture = widgets.Image(format="png")

    def redraw(_=None):
        picture.value = png(draw(**{name: handle.value for name, handle in handles.items()}))

    for handle in handles.values():
        handle.observe(redraw, names="value")
    redraw()
    display(widgets.VBox([*handles.values(), picture]))
