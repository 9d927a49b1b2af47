"""The package's own order: imports run one way, one module knows the frameworks, and the package itself is light."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import course_utils

pytestmark = pytest.mark.once

PACKAGE = Path(course_utils.__file__).parent
FRAMEWORKS = {"tensorflow", "jax", "jaxlib", "torch", "optax", "flax"}
# From the parts to the whole: a module imports what stands in its own row or above it.
ORDER = (
    ("checks", "files", "backend"),
    ("session", "data", "layers", "losses", "penalties", "augmentations", "metrics", "weights", "builders"),
    ("priors", "networks", "game"),
    ("games",),
    ("plots", "samplers", "pretrained", "studies", "exercises"),
    ("press",),
)
GRADER = "press/answers.py"  # runs handed-in notebooks, which is its purpose, in a process of its own
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def unit(path):
    """The first part of a module's name inside the package: `metrics/frechet.py` belongs to `metrics`."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The full names of all that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = ["course_utils", *path.relative_to(PACKAGE).with_suffix("").parts]
            base = here[: len(here) - node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def own_imports(path):
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "course_utils" and len(parts) > 1}


def test_every_module_has_its_place():
    strangers = {unit(path) for path in modules()} - set(RANK)
    assert not strangers, f"give {strangers} a row in ORDER"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    mine = unit(path)
    upward = {name for name in own_imports(path) if name in RANK and RANK[name] > RANK[mine]}
    assert not upward, f"{mine} imports {upward}, which come later"


def test_no_circle():
    graph = {}
    for path in modules():
        graph.setdefault(unit(path), set()).update(own_imports(path) & set(RANK) - {unit(path)})
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & set(graph)}
        assert leaves, f"these import each other in a circle: {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


def test_only_the_backend_knows_a_framework():
    knows = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if FRAMEWORKS & {name.split(".")[0] for name in imported(path)}
    }
    assert knows == {f"backend/on_{name}.py" for name in ("tensorflow", "jax", "torch")}


def test_nothing_unsafe_is_called():
    """No pickle, no load_model, no Lambda layer, no eval: only hash-checked arrays are loaded."""
    for path in modules():
        names = set(imported(path))
        assert not {name for name in names if name.split(".")[0] in ("pickle", "dill", "cloudpickle", "shelve")}, path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                runs = called == "exec" and path.relative_to(PACKAGE).as_posix() == GRADER
                assert runs or called not in ("eval", "exec"), f"{path}:{node.lineno}"
                assert called.rpartition(".")[2] not in ("load_model", "Lambda"), f"{path}:{node.lineno}"
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", f"{path}:{node.lineno}"


def test_the_package_alone_is_light():
    code = """
import sys, time
before = set(sys.modules)
began = time.perf_counter()
import course_utils
print(time.perf_counter() - began)
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    done = _python(code)
    seconds, loaded = done.stdout.splitlines()
    assert float(seconds) < 0.3
    heavy = {"keras", "numpy", "matplotlib", "scipy", "sklearn", "rich", *FRAMEWORKS}
    assert not heavy & set(loaded.split())


def test_a_whole_process_is_quick():
    """The same as a student feels it: `import course_utils` costs less than 0.3 s beside an empty process."""

    def seconds(code):
        began = time.perf_counter()
        _python(code)
        return time.perf_counter() - began

    empty = min(seconds("pass") for _ in range(5))
    with_package = min(seconds("import course_utils") for _ in range(5))
    assert with_package - empty < 0.3


def test_the_public_list_is_true():
    code = """
import course_utils
from course_utils import losses, start
missing = []
for name in course_utils.__all__:
    try:
        getattr(course_utils, name)
    except (AttributeError, ImportError) as error:
        missing.append(f"{name}: {error}")
assert not missing, missing
assert dir(course_utils) == sorted(course_utils.__all__)
assert course_utils.losses is losses and callable(start)
"""
    assert _python(code).returncode == 0


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'; it has: "):
        course_utils.nothing  # noqa: B018


def _python(code):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr
    return done
