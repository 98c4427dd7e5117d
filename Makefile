# Every target makes .venv itself. PYTHON is any Python from 3.11.
PYTHON ?= python3
BIN := .venv/bin
SEARCH := --workers 2 --trials 60

.PHONY: search test test-all lint format benchmark clean

search: .venv/installed  ## search on embedded real images, some minutes
	$(BIN)/python -m experiments.search $(SEARCH)

test: .venv/installed  ## what to run before each commit
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: .venv/installed  ## also the slow ones
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: .venv/installed
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

benchmark: .venv/installed
	$(BIN)/python -m experiments.benchmark activations

clean:
	rm -rf .venv build *.egg-info

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@
