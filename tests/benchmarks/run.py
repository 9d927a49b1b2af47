"""Measures engine and games on each installed backend and writes the tables of RESULTS.md: run.py [--table-only]

Every measurement is a process of its own, so that backends do not disturb each other. The reports are kept beside this
file, one a device; the tables are made from them, so nobody types a number.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from course_utils.press import results

HERE = Path(__file__).resolve().parent
REPORTS = HERE / "reports"
TITLES = {
    "images": "WGAN-GP, 28×28, five critic turns, batch 64, a step at a time",
    "toy": "WGAN-GP, points in the plane, networks of 64, batch 64, 50 steps fused",
}
COLUMNS = ("what", "backend", "device", "by hand, it/s", "`Game.fit`, it/s", "ratio", "unfused, it/s", "gain")
RATES = (
    ("biggan-mnist", "float32"),
    ("stylegan-glyphs", "float32"),
    ("biggan-cifar10", "float32"),
    ("biggan-cifar10", "mixed_bfloat16"),
    ("stylegan-cifar10", "float32"),
    ("stylegan-cifar10", "mixed_bfloat16"),
)  # runs of training/, and policies
SIZES = [(batch, width) for width in (16, 32, 64) for batch in (16, 32, 64, 128, 256, 512)]
RATE_COLUMNS = ("run", "policy", "backend", "device", "images/s", "matrix rate, TFLOP/s", "share of it")


def measure():
    """Runs every benchmark on every installed backend, the engine's where it has a counterpart by hand."""
    for backend in ("tensorflow", "jax", "torch"):
        if importlib.util.find_spec(backend) is None:
            continue
        if backend != "torch":
            for which in TITLES:
                keep(which, reported(backend, "engine.py", which))
        for name, policy in RATES:
            keep(f"rate-{name}-{policy}", reported(backend, "rate.py", name, policy))
        found = [reported(backend, "cost.py", str(batch), str(width)) for batch, width in SIZES]
        keep("cost", {"backend": backend, "device": found[0]["device"], "points": found})


def reported(backend, script, *arguments):
    """What a benchmark prints in a process of its own."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def keep(name, report):
    """Writes a report beside those of other devices, if there is one."""
    if report is None:
        return
    print(report, flush=True)
    REPORTS.mkdir(exist_ok=True)
    path = REPORTS / f"{name}-{report['backend']}-{report['device'].split(' ')[0]}.json"
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def kept(rates):
    """The reports of the games' rates, or those of the engine."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(REPORTS.glob("*.json"))
            if not path.name.startswith("cost-") and path.name.startswith("rate-") == rates]  # fmt: skip


def markdown(columns, rows):
    """A markdown table."""
    return "".join("| " + " | ".join(row) + " |\n" for row in (columns, ["---"] * len(columns), *rows))


def engine_rows():
    """A row for each report of the engine."""
    for report in kept(rates=False):
        rate = report["iterations_per_second"]
        yield [
            TITLES[report["benchmark"]],
            report["backend"],
            report["device"],
            f"{rate['by_hand']:.4g}",
            f"{rate['game']:.4g}",
            f"{report['ratio']:.2f}",
            f"{rate['per_step_fit']:.4g}" if "per_step_fit" in rate else "",
            f"{report['fused_over_per_step']:.2f}" if "fused_over_per_step" in report else "",
        ]


def rate_rows():
    """A row for each report of a game's rate."""
    for report in kept(rates=True):
        matrix, share = f"{report['matrix_teraflops']:.3g}", f"{report['share']:.0%}"
        named = [report[key] for key in ("benchmark", "policy", "backend", "device")]
        yield [*named, f"{report['images_per_second']:.4g}", matrix, share]


def tables():
    """The tables of RESULTS.md by section."""
    return {"benchmarks": markdown(COLUMNS, engine_rows()), "rates": markdown(RATE_COLUMNS, rate_rows())}


if __name__ == "__main__":
    if "--table-only" not in sys.argv:
        measure()
    for section, table in tables().items():
        results.write_section(HERE.parents[1] / "RESULTS.md", section, table)
    if list(REPORTS.glob("cost-*.json")):
        subprocess.run([sys.executable, str(HERE / "cost.py"), "plot"], check=True)
