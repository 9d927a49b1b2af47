"""Many small images in one picture."""

import numpy as np

from .style import figure


def tile(images, columns, low=0.0, high=1.0, gap=2):
    """Puts images side by side into one array, rows from top to bottom, with gaps between them.

    Args:
        images: (N, H, W, C), C = 1 or 3, float in [low, high]; what lies outside is clipped.
        columns: images a row; the last row is filled up with paper.
        low, high: the range of the pixels.
        gap: pixels between images.

    Returns:
        float array (rows·(H + gap) − gap, columns·(W + gap) − gap, C) in [0, 1]. Grey images are
        turned to dark ink on light paper; the gaps are NaN.

    Raises:
        TypeError: the images are bytes, which are not in [low, high].
        ValueError: the images have another rank or number of channels.
    """
    images = _drawable(np.asarray(images))
    images = (np.clip(images.astype("float32"), low, high) - low) / (high - low)
    count, height, width, channels = images.shape
    if channels == 1:
        images = 1 - images
    rows = -(-count // columns)
    page = np.full((rows, columns, height + gap, width + gap, channels), np.nan, "float32")
    page.reshape(-1, height + gap, width + gap, channels)[:count, :height, :width] = images
    page = page.transpose(0, 2, 1, 3, 4)
    page = page.reshape(rows * (height + gap), columns * (width + gap), channels)
    return page[: -gap or None, : -gap or None]


def _drawable(images):
    """Refuses what no grey or colour image is, since it would be drawn all the same, or fail deep inside."""
    if images.dtype.kind not in "fb" and images.dtype.name != "bfloat16":
        raise TypeError(
            f"Found images of type {images.dtype}, expected floats; scale bytes with course_utils.data.scale, and let "
            "Pillow turn a palette into colours first, with image.convert('RGB')."
        )
    if images.ndim == 4 and images.shape[-1] in (1, 3):
        return images
    fix = "one row for each image, channels last"
    if images.ndim == 3:
        fix = "add the missing axis with images[None] for one image or images[..., None] for grey ones"
    elif images.ndim == 4 and images.shape[-1] in (2, 4):
        fix = "the last channel says how opaque a pixel is, so drop it with images[..., :-1]"
    raise ValueError(f"Found images of shape {images.shape}, expected (N, H, W, 1) or (N, H, W, 3); {fix}.")


def image_grid(images, columns=10, title=None, low=0.0, high=1.0, width=10.0):
    """Draws images in rows.

    Args:
        images: (N, H, W, C), float in [low, high].
        columns: images a row.
        title: of the figure.
        low, high: the range of the pixels.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    page = tile(images, columns, low, high)
    extra = 0.45 if title else 0.0
    made, axis = figure(width=width, height=width * page.shape[0] / page.shape[1] + extra)
    draw_page(axis, page)
    if title:
        axis.set_title(title)
    return made


def image_rows(rows, title=None, low=0.0, high=1.0, width=10.0, columns=None):
    """Draws one row of images a label, the label at its left.

    Args:
        rows: dict label -> images (n, H, W, C), the same n in each row.
        title: of the figure.
        low, high: the range of the pixels.
        width: of the figure in inches.
        columns: dict-free headings over the images, a list of n texts, or None.

    Returns:
        A matplotlib figure.
    """
    stacks = [_drawable(np.asarray(images)) for images in rows.values()]
    count, size = len(stacks[0]), stacks[0].shape[2] + 2
    page = tile(np.concatenate(stacks), count, low, high)
    label_width = 0.13 * max(len(line) for label in rows for line in label.split("\n")) + 0.3
    height = (width - label_width) * page.shape[0] / page.shape[1]
    extra = 0.45 * bool(title) + 0.35 * bool(columns)
    made, axis = figure(width=width, height=height + extra)
    draw_page(axis, page)
    step = stacks[0].shape[1] + 2
    axis.set_yticks([step * i + step / 2 - 1.5 for i in range(len(rows))], list(rows))
    if columns:
        axis.set_xticks([size * i + size / 2 - 1.5 for i in range(count)], columns)
        axis.xaxis.tick_top()
    axis.tick_params(length=0, labelsize=14)
    if title:
        axis.set_title(title)
    return made


def draw_page(axis, page, **options):
    """Draws what `tile` made, pixel by pixel, without frame and ticks."""
    alpha = np.isfinite(page[..., :1]).astype("float32")
    page = np.nan_to_num(np.repeat(page, 3, -1) if page.shape[-1] == 1 else page)
    # Transparent gaps: the paper of the figure shows through them.
    axis.imshow(np.concatenate([page, alpha], -1), interpolation="nearest", **options)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
    axis.spines[:].set_visible(False)
