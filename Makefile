# make run | test | lab | notebooks | results | benchmarks | test-floor | lint | doctor | clean      (README.md says more)
# Needed beforehand: make and Python 3.11 or newer. Everything else is installed into .venv.

PROFILE ?= smoke
LECTURES ?=
BACKEND ?=
TORCH ?=
# 1 also installs what drives an installed Chromium through decks, site and playground in the tests.
BROWSER ?=
# Options of pip for torch alone, such as the address of PyTorch's own index of CPU builds.
PIP_TORCH ?=
PORT ?= 8888

# Real MNIST, where a folder with it lies beside the checkout; everywhere else it is downloaded or drawn glyphs serve.
COURSE_DATA ?= $(realpath $(CURDIR)/../shared/data)
ifneq ($(strip $(COURSE_DATA)),)
export COURSE_DATA
endif
export TF_CPP_MIN_LOG_LEVEL ?= 3

USABLE = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c "$(USABLE)" >/dev/null 2>&1 && { echo $$p; break; }; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
READY := .venv/.ready
READY_TORCH := .venv/.ready-torch
READY_BROWSER := .venv/.ready-browser
WANTED := $(READY) $(if $(or $(TORCH),$(filter torch,$(BACKEND))),$(READY_TORCH)) $(if $(BROWSER),$(READY_BROWSER))

.PHONY: run test lab notebooks results benchmarks test-floor lint doctor setup clean
.DEFAULT_GOAL := run

run: $(WANTED)
	@$(BIN)/course run $(LECTURES) --profile $(PROFILE) --backend $(or $(BACKEND),tensorflow)

test: $(WANTED)
	@$(BIN)/python tests/run.py

lab: $(WANTED)
	$(BIN)/jupyter lab --port $(PORT) --notebook-dir notebooks

notebooks: PROFILE = cpu
notebooks: $(WANTED)
	@$(BIN)/course notebooks $(LECTURES) --profile $(PROFILE) --backend $(or $(BACKEND),tensorflow)

benchmarks: $(READY)
	@$(BIN)/python tests/benchmarks/run.py

results: $(READY)
	@$(BIN)/course results

test-floor: .venv-floor/.ready
	@.venv-floor/bin/python tests/run.py --units-only --out build/test-floor

lint: $(READY)
	@$(BIN)/ruff check .

doctor: $(WANTED)
	@$(BIN)/course doctor

setup: $(WANTED)

clean:
	rm -rf build dist .pytest_cache .ruff_cache *.egg-info
	find course_utils tests -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(call need_python)
	@test -x $(BIN)/python || { echo "making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv; }
	@echo "installing the course into .venv (minutes the first time)"
	@$(PIP) --constraint constraints.txt --editable ".[tf-cpu,jax-cpu,dev]"
	@touch $@

# A step of its own, with pip and the exact version: left to itself, an installer takes the newest torch and with it
# gigabytes of CUDA libraries.
$(READY_TORCH): constraints.txt | $(READY)
	@echo "installing torch into .venv"
	@$(PIP) $(PIP_TORCH) --constraint constraints.txt torch
	@touch $@

$(READY_BROWSER): constraints.txt | $(READY)
	@$(PIP) --constraint constraints.txt --editable ".[browser,playground]"
	@touch $@

.venv-floor/.ready: pyproject.toml constraints-floor.txt
	@$(call need_python)
	@test -x .venv-floor/bin/python || { echo "making .venv-floor with $(PYTHON)"; $(PYTHON) -m venv .venv-floor; }
	@echo "installing the oldest supported set into .venv-floor"
	@.venv-floor/bin/python -m pip install -qq --disable-pip-version-check \
		--constraint constraints-floor.txt --editable ".[tf-cpu,jax-cpu,dev]"
	@touch $@

define need_python
test -n "$(PYTHON)" || { echo "Found no Python 3.11 or newer with venv: install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
endef
