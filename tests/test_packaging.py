"""pyproject.toml, constraints and environment.yml say the same thing, and Colab's versions stay inside it."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import course_utils

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CORE = {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}
EXTRAS = {name: [Requirement(r) for r in rows] for name, rows in PROJECT["optional-dependencies"].items()}
COLAB = {"keras": "3.13.2", "numpy": "2.1.3", "matplotlib": "3.10.0", "ipywidgets": "7.7.1", "tensorflow": "2.20.0",
         "jax": "0.7.2", "torch": "2.11.0"}


def pins(name):
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    rows = [Requirement(line) for line in lines if line]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in rows}


def backend_packages():
    return {"tensorflow", "tensorflow-cpu", "jax", "jaxlib", "torch"}


def test_the_core_brings_no_backend():
    assert not set(CORE) & backend_packages()


def test_floors():
    floors = {"keras": "<3.16,>=3.13", "numpy": ">=2.0", "matplotlib": ">=3.10", "ipywidgets": ">=7.7"}
    for name, text in floors.items():
        assert str(CORE[name].specifier) == text
    assert PROJECT["requires-python"] == ">=3.11"


def test_every_extra_is_there():
    backends = {"tf-cpu", "jax-cpu", "torch", "tf-cuda", "jax-cuda12", "jax-cuda13"}
    assert set(EXTRAS) == {*backends, "dev", "browser", "playground"}


def test_what_colab_ships_is_allowed():
    everything = [*CORE.values(), *(r for rows in EXTRAS.values() for r in rows)]
    for requirement in everything:
        version = COLAB.get(canonicalize_name(requirement.name).removesuffix("-cpu"))
        assert version is None or requirement.specifier.contains(version), requirement


def test_the_floor_set_is_colabs():
    floor = pins("constraints-floor.txt")
    for name in ("keras", "numpy", "matplotlib", "ipywidgets", "tensorflow", "jax"):
        assert floor[name] == COLAB[name]


@pytest.mark.parametrize("extra", ["core", *EXTRAS])
def test_the_tested_set_pins_everything_and_lies_in_range(extra):
    tested = pins("constraints.txt")
    for requirement in CORE.values() if extra == "core" else EXTRAS[extra]:
        name = canonicalize_name(requirement.name)
        assert name in tested, f"constraints.txt does not pin {name}"
        assert requirement.specifier.contains(tested[name]), requirement


def test_the_tested_set_holds_no_address_and_no_path():
    for name in ("constraints.txt", "constraints-floor.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.!+]+", line), line


def test_what_runs_here_is_the_tested_set():
    """The versions of this environment are those of one of the two sets, so that a pass means what it says."""
    sets = [pins("constraints.txt"), pins("constraints-floor.txt")]
    for name in ("keras", "numpy", "matplotlib", "jax"):
        assert metadata.version(name) in [pinned[name] for pinned in sets], name


def test_environment_yml_is_thin_and_true():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert set(environment) == {"name", "channels", "dependencies"}
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *conda, last = environment["dependencies"]
    assert [re.split("[=<>]", row)[0] for row in conda] == ["python", "pip"]
    python = conda[0].partition("=")[2]
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")
    constraints, package = last["pip"]
    assert (ROOT / constraints.removeprefix("-c ")).is_file()
    named = re.fullmatch(r"-e \.\[([\w,-]+)\]", package)[1].split(",")
    assert set(named) <= set(EXTRAS)


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["dynamic"]
    assert metadata.version("course_utils") == course_utils.__version__


def test_the_command_is_installed():
    (entry,) = (e for e in metadata.entry_points(group="console_scripts") if e.name == "course")
    assert entry.value == "course_utils.press.cli:main"
    done = subprocess.run([sys.executable, "-m", "course_utils.press.cli", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "doctor" in done.stdout


def test_every_make_target_of_the_readme_exists():
    makefile, readme = (ROOT / "Makefile").read_text(), (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"^make ([\w-]+)", readme, re.MULTILINE)) | set(re.findall(r"`make ([\w-]+)", readme))
    assert named
    assert named <= targets


def test_continuous_integration_is_the_readmes_command():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1].endswith("make test TORCH=1 BROWSER=1")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_every_path_of_the_readme_exists():
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
