# goldwork. `make` alone prints the verbs.
#
# Python 3.11 or newer, make and git are all that has to be there: Node comes from PyPI into .venv, and a browser is
# looked for, then fetched, when the tests want one. What is done is not redone: every step leaves a stamp in .venv.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
PIP := GOLDWORK_FRONTEND=skip $(PY) -m pip --disable-pip-version-check
PYTEST_ARGS ?=
WORKERS ?= 2
ARGS ?=

.PHONY: help setup demo test check format format-check lint types docs bench crash dev frontend clean

help: ## print this list
	@echo "goldwork: make VERB"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.dev ## make .venv with everything for working on goldwork

demo: $(VENV)/.core frontend ## run a demonstration: make demo ARGS="..."
	@$(VENV)/bin/goldwork demo $(ARGS)

test: $(VENV)/.dev frontend $(VENV)/.browser ## run every test: make test PYTEST_ARGS="-k name"
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not crash" $(PYTEST_ARGS)

check: format-check lint types docs $(VENV)/.rlhf test ## everything that has to hold before a commit lands

format: $(VENV)/.dev ## put every Python file into its form
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --select I,F401,UP,RUF100 .

bench: $(VENV)/.dev frontend ## run the benchmarks: one JSON object a line
	@$(PY) -m benchmarks $(ARGS)

crash: $(VENV)/.dev ## kill servers on purpose and see that nothing acknowledged is lost
	@$(PY) -m pytest -m crash $(PYTEST_ARGS)

dev: $(VENV)/.dev frontend ## serve the front end from its sources, beside a server for the API
	@$(VENV)/bin/goldwork demo $(ARGS) & server=$$!; trap 'kill $$server' EXIT INT TERM; \
		$(PY) tools/frontend.py dev

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

# What is made once.

$(PY):
	@PYTHON="$(PYTHON)" sh tools/make_venv.sh $(VENV)

$(VENV)/.core: pyproject.toml | $(PY)
	@echo "installing goldwork into $(VENV)"
	@$(PIP) install --quiet -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	@echo "installing goldwork and what its tests need into $(VENV) (minutes, the first time)"
	@$(PIP) install --quiet -e '.[dev]'
	@touch $(VENV)/.core $@

# The small torch, where its own index can be reached: PyPI's brings gigabytes for graphics cards.
$(VENV)/.rlhf: pyproject.toml | $(VENV)/.dev
	@echo "installing torch and TRL into $(VENV): its trainers try what is exported"
	@$(PIP) install --quiet --quiet --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu 'torch==2.13.0'
	@$(PIP) install --quiet -e '.[rlhf]'
	@touch $@

$(VENV)/.browser: tools/ensure_browser.py | $(VENV)/.dev
	@$(PY) tools/ensure_browser.py
	@touch $@

# Freshness of the front end is a digest, not a time: a deleted file or a switched branch counts too.
frontend: | $(PY) ## build the front end into the package
	@$(PY) tools/frontend.py fresh || { \
		echo "building the front end"; \
		node=$$($(PY) tools/frontend.py requirement); \
		{ [ -z "$$node" ] || $(PIP) install --quiet "$$node"; } && $(PY) tools/frontend.py build; }
