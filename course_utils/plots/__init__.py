"""Figures of the lectures: arrays in, figure out.

Importing this package sets matplotlib's defaults to `style.STYLE`. Every function returns a
`matplotlib.figure.Figure`; `show(figure, alt)` puts it into the notebook together with a text that
says what is to be seen, for those who do not see it.
"""

from .curves import bars, curves, dots
from .dcgan import against_seconds, maps, overlaps, paired, share_rows
from .diagrams import architecture, stochastic_node
from .explorer import explore
from .grids import image_grid, image_rows, tile
from .latent import latent_map, latent_scatter
from .live import GameLive, Live
from .style import COLOURS, DIGITS, STYLE, figure, interactive, png, show
from .stylegan import coefficient_table, mixing_matrix, style_generators

__all__ = [
    "COLOURS", "DIGITS", "STYLE", "GameLive", "Live", "against_seconds", "architecture", "bars",
    "coefficient_table", "curves",
    "dots", "explore", "figure", "image_grid", "image_rows", "interactive", "latent_map", "latent_scatter", "maps",
    "mixing_matrix", "overlaps", "paired", "png", "share_rows", "show", "stochastic_node", "style_generators",
    "tile",
]
