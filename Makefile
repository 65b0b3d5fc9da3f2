# One door: everything is run, checked and tested through these targets. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test test-train test-slow check bench image chaos chart fmt clean lock dashboards release audit site

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS ?= 1
ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Each stamp stands for an install from a hash-locked list; a changed list installs anew.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fanal: Python 3.11 or later is needed; set PYTHON=python3.12 or the like" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.train: requirements/train.txt $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/train.txt
	@touch $@

run: $(VENV)/.run ## Start everything, replay sample posts (or SOURCE=FILE, SOURCE=-), open the page; ARGS="--once --json"
	@$(BIN)/fanal run $(ARGS)

test: $(VENV)/.dev ## Run all tests that need no torch: first the quick ones, then those with real servers and weights
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest -m "(connected or weights) and not slow and not torch"

test-train: $(VENV)/.train ## Install the extra `train` and run the tests that need it
	$(BIN)/python -m pytest -m torch

test-slow: $(VENV)/.dev ## Run the tests that take minutes: the whole of `fanal run`, as a user starts it
	$(BIN)/python -m pytest -m "slow and not torch"

check: $(VENV)/.dev ## Lint, types, imports, documents: under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_docs.py tests/test_layout.py

bench: $(VENV)/.dev ## Measure the engines, and the pipeline with the model and without
	$(BIN)/fanal bench model
	$(BIN)/fanal bench pipeline $(ARGS)
	$(BIN)/fanal bench pipeline --constant 1000 $(ARGS)

image: $(VENV)/.dev ## Build the image with buildah and start it as any user; PYTHON_IMAGE=python:...@sha256:..., REQUIREMENTS=torch
	$(BIN)/python -m tests.image

chaos: $(VENV)/.dev ## Kill workers, broker and search server; SEEDS=20 for twenty trials, ARGS=--erasures for deletions, --sources for the collector, --neighbours 10 for ill sources
	$(BIN)/python -m tests.chaos --seeds $(SEEDS) $(ARGS)

chart: $(VENV)/.dev ## Write what of the Helm chart follows from other files: its table of values, copies of rules and dashboards
	$(BIN)/python -m helm.write

fmt: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dashboards: $(VENV)/.dev ## Write the dashboards of Grafana anew: grafana/dashboards/*.json
	$(BIN)/python -m grafana.dashboards

lock: $(VENV)/.dev ## Resolve the requirement lists anew
	requirements/lock $(BIN)

site: $(VENV)/.dev ## Build the documentation as a site, strictly, into site/
	$(BIN)/python -m tests.reference
	requirements/site $(BIN)

release: $(VENV)/.dev ## Make what is published: wheel, sdist, bill of materials, notices and checksums under dist/
	requirements/release $(BIN)

audit: $(VENV)/.dev ## Look up known vulnerabilities of what is installed; asks the package index and the ignore list
	requirements/audit $(BIN)

clean: ## Remove the virtual environment, caches and the embedded servers' data
	rm -rf $(VENV) .fanal site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
