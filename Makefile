# goldwork. `make` alone prints the verbs.
#
# Python 3.11 or newer, make and git are all that has to be there: Node comes from PyPI into .venv, and a browser is
# looked for, then fetched, when the tests want one. Every step leaves a stamp in .venv; what is done is not redone.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
PIP := GOLDWORK_FRONTEND=skip $(PY) -m pip --disable-pip-version-check
NODE_INPUTS := openapi.json tools/frontend.py $(shell find frontend -name node_modules -prune -o \
	-type f ! -name '.*' ! -name '*~' ! -name schema.d.ts -print 2>/dev/null)
PYTEST_ARGS ?=
WORKERS ?= 2
ARGS ?=

.PHONY: help setup demo test check format format-check lint types docs bench crash dev frontend clean

help: ## print this list
	@echo "goldwork: make VERB"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.dev ## make .venv with everything for working on goldwork

demo: $(VENV)/.core $(VENV)/.frontend ## run a demonstration: make demo ARGS="..."
	@$(VENV)/bin/goldwork demo $(ARGS)

test: $(VENV)/.dev $(VENV)/.frontend $(VENV)/.browser ## run every test: make test PYTEST_ARGS="-k name"
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not crash" $(PYTEST_ARGS)

check: format-check lint types docs test ## everything that has to hold before a commit lands

format: $(VENV)/.dev ## put every Python file into its form
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --select I,F401,UP,RUF100 .

bench: $(VENV)/.dev $(VENV)/.frontend ## run the benchmarks: one JSON object a line
	@$(PY) -m benchmarks $(ARGS)

crash: $(VENV)/.dev ## kill servers on purpose and see that nothing acknowledged is lost
	@$(PY) -m pytest -m crash $(PYTEST_ARGS)

dev: $(VENV)/.dev $(VENV)/.frontend ## serve the front end from its sources, beside a server for the API
	@trap 'kill 0' EXIT INT TERM; $(VENV)/bin/goldwork demo $(ARGS) & $(PY) tools/frontend.py dev

clean: ## remove all that was made here, .venv too
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results
	rm -rf frontend/node_modules frontend/.build-lock frontend/src/api/schema.d.ts src/goldwork/web/static
	find src tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# The parts of `check`.

format-check: $(VENV)/.dev
	@$(PY) -m ruff format --check .

lint: $(VENV)/.dev
	@$(PY) -m ruff check .

types: $(VENV)/.dev
	@$(PY) -m mypy
	@$(PY) tools/frontend.py check

docs: $(VENV)/.dev
	@$(PY) tools/check_docs.py

frontend: $(VENV)/.frontend ## build the front end into the package

# What is made once.

$(PY):
	@PYTHON="$(PYTHON)" sh tools/make_venv.sh $(VENV)

$(VENV)/.core: pyproject.toml hatch_build.py | $(PY)
	@echo "installing goldwork into $(VENV)"
	@$(PIP) install --quiet -e .
	@touch $@

$(VENV)/.dev: pyproject.toml hatch_build.py | $(PY)
	@echo "installing goldwork and what its tests need into $(VENV) (minutes, the first time)"
	@$(PIP) install --quiet -e '.[dev]'
	@touch $(VENV)/.core $@

$(VENV)/.frontend: $(NODE_INPUTS) | $(PY)
	@$(PY) tools/frontend.py fresh || { \
		echo "building the front end"; \
		$(PIP) install --quiet $$($(PY) tools/frontend.py requirement) && $(PY) tools/frontend.py build; }
	@touch $@

$(VENV)/.browser: tools/ensure_browser.py | $(VENV)/.dev
	@$(PY) tools/ensure_browser.py
	@touch $@

openapi.json:
