"""Measures the engine on each installed backend and writes the README's table: run.py [--table-only]

Every measurement is a process of its own, so that backends do not disturb each other. The reports are kept beside this
file, one a device; the table is made from them, so nobody types a number.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from course_utils import results

HERE = Path(__file__).resolve().parent
REPORTS = HERE / "reports"
TITLES = {
    "images": "WGAN-GP, 28×28, five critic turns, batch 64, a step at a time",
    "toy": "WGAN-GP, points in the plane, networks of 64, batch 64, 50 steps fused",
}
COLUMNS = ("what", "backend", "device", "by hand, it/s", "`Game.fit`, it/s", "ratio", "unfused, it/s", "gain")


def measure():
    """Runs every benchmark on every backend that has a hand-written counterpart here and keeps the reports."""
    for backend in ("tensorflow", "jax"):
        if importlib.util.find_spec(backend) is None:
            continue
        for which in TITLES:
            environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
            command = [sys.executable, str(HERE / "engine.py"), which]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr[-3000:])
            report = json.loads(done.stdout.strip().splitlines()[-1])
            print(report, flush=True)
            REPORTS.mkdir(exist_ok=True)
            name = f"{which}-{backend}-{report['device'].split(' ')[0]}.json"
            (REPORTS / name).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def table():
    """The reports as a markdown table."""
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(REPORTS.glob("*.json"))]
    rows = [COLUMNS, ["---"] * len(COLUMNS)]
    for report in reports:
        rate = report["iterations_per_second"]
        rows.append(
            [
                TITLES[report["benchmark"]],
                report["backend"],
                report["device"],
                f"{rate['by_hand']:.4g}",
                f"{rate['game']:.4g}",
                f"{report['ratio']:.2f}",
                f"{rate['per_step_fit']:.4g}" if "per_step_fit" in rate else "",
                f"{report['fused_over_per_step']:.2f}" if "fused_over_per_step" in report else "",
            ]
        )
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


if __name__ == "__main__":
    if "--table-only" not in sys.argv:
        measure()
    results.write_section(HERE.parents[1] / "README.md", "benchmarks", table())
