"""The package's pages of the site: which modules stand on which, and how autodoc tells what it finds."""

import inspect
import re

# The package's modules as the site shows them: title -> modules.
API = {
    "A session": ("session", "data", "data.captions"),
    "The engine": ("game",),
    "Losses and penalties": ("losses", "penalties", "augmentations", "priors"),
    "Layers": ("layers",),
    "Networks": ("networks.autoencoders", "networks.vae", "networks.aae", "networks.alae", "networks.gan",
                 "networks.biggan", "networks.stylegan", "networks.pixels", "networks.boltzmann",
                 "networks.domains", "networks.clip", "networks.diffusion"),
    "Games": ("games.autoencoders", "games.vae", "games.aae", "games.alae", "games.gan", "games.wgan", "games.biggan",
              "games.stylegan", "games.pixels", "games.raster", "games.vq", "games.boltzmann", "games.gibbs",
              "games.deep", "games.mixtures", "games.domains", "games.cogan", "games.clip", "games.readers",
              "games.styleclip", "games.diffusion", "games.denoising"),
    "Measures": ("metrics",),
    "Weights and studies": ("pretrained", "studies"),
    "Checkpoints": ("game.checkpoints",),
}  # fmt: skip


def written():
    """Returns the markdown of the package's pages by name, without `.md`."""
    listed = "\n".join(f"api/{slug(title)}" for title in API)
    contents = f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    first = f"# The package\n\nEach page is made from the docstrings.\n\n{contents}"
    return {"api": first} | {f"api/{slug(title)}": _page(title, modules) for title, modules in API.items()}


def _page(title, modules):
    blocks = [f"```{{eval-rst}}\n.. automodule:: course_utils.{name}\n   :members:\n```" for name in modules]
    named = [f"## `{name}`\n\n{block}" for name, block in zip(modules, blocks)]
    return f"# {title}\n\n" + "\n\n".join(named) + "\n"


def slug(title):
    return re.sub(r"\W+", "-", title.lower())


def connect(app):
    """Tells Sphinx's autodoc how to show what Keras and `NamedTuple` hide."""
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-docstring", _docstring)


def _signature(app, what, name, made, options, signature, returned):
    """A Keras layer or model tells its own arguments, and not `(*args, **kwargs)` of what makes it."""
    if what == "class" and signature == "(*args, **kwargs)" and "__init__" in vars(made):
        arguments = list(inspect.signature(made.__init__).parameters.values())[1:]
        return str(inspect.Signature(arguments)), returned
    return None


def _docstring(app, what, name, made, options, lines):
    """A field is no "alias for field number 0", and the plural of a name in backticks is still a name."""
    told = [line for line in lines if not line.startswith("Alias for field number")]
    lines[:] = [re.sub(r"(`\w+`)s\b", r"\1\\ s", line) for line in told]
