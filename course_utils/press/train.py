"""`course train NAME --data FOLDER`: one of the course's recipes on images of your own.

    course train dcgan --data photos
    course train biggan --data pets.zip --size 64 --iterations 20000 --out runs/pets
    course train dcgan --data photos --resume           # after Ctrl-C: on from where it was, to the same weights

--out then holds samples/ (the same codes at each mark), state/ (what --resume needs) and, at the end, the weights and
their recipe: `pretrained.load("dcgan", "runs/dcgan")`. Nothing is scored: no evaluator of the course knows your images.
"""

import argparse
import hashlib
import json
import math
import os
from pathlib import Path

import numpy as np

from course_utils import checks, files, session

ITERATIONS = {"dcgan": 20_000, "wgan-gp": 4_000, "biggan": 10_000, "stylegan": 12_000, "vae": 6_000}
BATCH = {"dcgan": 16, "wgan-gp": 64, "biggan": 32, "stylegan": 32, "vae": 100}
MARKS = 20  # pictures of samples along a run
SHOWN = 64  # samples on a picture


def add_command(commands):
    """Adds `train` to the commands of `course`."""
    add = commands.add_parser(
        "train", help="train one of the course's recipes on a folder of your own images",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add.add_argument("name", metavar="NAME", help=", ".join(ITERATIONS))
    add.add_argument("--data", required=True, type=Path, help="a folder or a zip of images; biggan: a folder a class")
    add.add_argument("--size", type=int, default=32, help="side of the images in pixels; default: 32")
    add.add_argument("--channels", type=int, default=3, help="3 (default), or 1 for grey")
    add.add_argument("--iterations", type=int, help="default: as in the course, 4,000 to 20,000")
    add.add_argument("--out", type=Path, help="the folder for the results; default: runs/NAME")
    add.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    add.add_argument("--seed", type=int, default=0, help="of everything that is drawn; default: 0")
    add.add_argument("--backend", help="tensorflow, jax or torch; default: KERAS_BACKEND, else the best installed")
    add.set_defaults(command=_run)


def _run(options):
    name, out = options.name, options.out or Path("runs") / options.name
    _check(options, out)
    session.start(options.backend, seed=options.seed)
    from course_utils import backend, data

    images, labels, classes = data.folder(
        options.data, options.size, options.channels, "folders" if name == "biggan" else None
    )
    needed = BATCH[name]
    if len(images) < needed:
        raise ValueError(
            f"Found {len(images)} images in {options.data}, expected at least {needed}, a batch of {name}; add more."
        )
    if labels is not None and len(classes) < 2:
        raise ValueError(f"Found one class in {options.data}, expected two or more for biggan; or take dcgan.")
    steps = math.ceil(options.iterations / MARKS)
    marks = math.ceil(options.iterations / steps)
    plan = {
        "name": name, "size": options.size, "channels": options.channels, "iterations": steps * marks,
        "seed": options.seed, "images": len(images), "classes": list(classes), "backend": backend.name(),
    }  # fmt: skip
    _train(plan, images, labels, steps, out, options)
    return 0


def _check(options, out):
    """Refuses, before anything is read or written, what could not work."""
    name = checks.one_of(options.name, tuple(ITERATIONS), "NAME")
    checks.one_of(options.channels, (1, 3), "--channels")
    wanted = ITERATIONS[name] if options.iterations is None else options.iterations
    options.iterations = checks.count(wanted, "--iterations")
    size = checks.count(options.size, "--size", 8)
    special = {"stylegan": ("a power of 2", size & (size - 1) == 0), "vae": ("a multiple of 4", size % 4 == 0)}
    what, fits = special.get(name, ("an even number", size % 2 == 0))
    if not fits or size > 256:
        raise ValueError(f"Found --size {size}, expected {what} from 8 to 256 for {name}; 32 or 64 is a good start.")
    if not options.data.exists():
        raise FileNotFoundError(f"Found no {options.data}, expected a folder or a zip of images; check the name.")
    if options.backend:
        session.checked_backend(options.backend)
    _check_writable(out)
    begun = (out / "run.json").exists()
    if begun and not options.resume:
        raise ValueError(f"Found a run in {out}, expected an empty folder; add --resume, or name another with --out.")
    if options.resume and not begun:
        raise ValueError(f"Found no run in {out} to go on with, expected one; leave --resume out, or correct --out.")


def _check_writable(out):
    """Refuses a place where no results can be written; leaves nothing there."""
    nearest = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ValueError(f"Found {nearest}, which is no folder to write into, expected one; choose another with --out.")


def _noted_plan(path):
    """What `run.json` says of the run before."""
    try:
        return {**json.loads(path.read_text("utf-8"))}
    except (ValueError, TypeError):
        raise ValueError(
            f"Found {path} that is no JSON object, expected the plan of a run; begin anew with another --out."
        ) from None


def _note_plan(out, plan, resume):
    """Writes down what a run is about; one that goes on must be about the same."""
    path = out / "run.json"
    if not resume:
        _write(path, plan | {"seconds": 0.0})
        return
    before = _noted_plan(path)
    if differ := [key for key, value in plan.items() if before.get(key) != value]:
        then, now = (", ".join(f"{key} {each.get(key)}" for key in differ) for each in (before, plan))
        raise ValueError(f"Found a run of {then} in {out}, expected {now}; resume with the same, or choose --out anew.")


def _train(plan, images, labels, steps, out, options):
    from rich.console import Console

    from course_utils.game import Checkpoint
    from course_utils.press.recipes import RECIPES, finished
    from course_utils.press.watch import Watch

    name, console = plan["name"], Console()
    made = RECIPES[name](plan["size"], plan["channels"], len(plan["classes"]), plan["iterations"], plan["seed"])
    made.game.compile(steps_per_execution=min(10, steps))
    _note_plan(out, plan, options.resume)  # now that the networks are known to fit

    def show(iteration):
        write_samples(made.draw(SHOWN), out / "samples" / f"{iteration:07d}.png")

    watch = Watch(plan["iterations"], steps, show, out / "run.json", console)
    checkpoint = Checkpoint(out / "state", every=max(1, steps // 5))
    console.print(f"{plan['images']} images, {plan['iterations']} iterations; Ctrl-C stops, --resume goes on")
    with watch.bar:
        made.game.fit(
            images, labels, batch_size=BATCH[name], epochs=plan["iterations"] // steps, steps_per_epoch=steps,
            callbacks=[watch, checkpoint], verbose=0,
        )  # fmt: skip
    finished(made)
    path = _ship(made, plan, images, labels, watch.seconds, out, options)
    console.print(f"[green]ok[/green]      {path}", highlight=False, soft_wrap=True)
    console.print(f'        pretrained.load("{name}", "{out}").sample(16, seed=0)', highlight=False, soft_wrap=True)


def _ship(made, plan, images, labels, seconds, out, options):
    """Saves weights and recipe; returns the path."""
    from course_utils import data, pretrained

    digest = hashlib.sha256()
    for start in range(0, len(images), 4096):  # of a mapped file a part at a time
        digest.update(np.ascontiguousarray(images[start : start + 4096]))
    digest.update(b"" if labels is None else labels.tobytes())
    source = data.Source(f"{len(images)} images of {options.data.name}, {plan['size']} pixels", digest.hexdigest())
    settings = {key: plan[key] for key in ("size", "channels", "iterations")}
    recipe = pretrained.provenance(plan["seed"], source, seconds) | {
        "command": f"course train {plan['name']} --data {options.data.name} --size {plan['size']} --channels "
                   f"{plan['channels']} --iterations {plan['iterations']} --seed {plan['seed']}",
        "lecture": made.lecture,
        "evaluator": None,  # none of the course's knows these images
        "scores": {},
        "published": [],
        "settings": settings | {"batch_size": BATCH[plan["name"]], "game": type(made.game).__name__},
        "classes": plan["classes"],
        "networks": made.described,
        "sampler": made.sampler,
    }  # fmt: skip
    return pretrained.save(plan["name"], made.shipped, recipe, out)


def write_samples(images, path, columns=8):
    """Writes images, float (n, H, W, C) in [-1, 1], as one PNG in rows of `columns`."""
    import io

    from PIL import Image

    n, height, width, channels = images.shape
    pixels = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype("uint8")
    page = pixels[: n // columns * columns].reshape(-1, columns, height, width, channels)
    page = page.transpose(0, 2, 1, 3, 4).reshape(-1, columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(page[..., 0] if channels == 1 else page).save(buffer, "PNG")
    files.write_atomic(path, buffer.getvalue())


def _write(path, plan):
    files.write_atomic(path, json.dumps(plan, indent=2).encode("utf-8"))
