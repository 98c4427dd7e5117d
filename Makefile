# Every target makes .venv itself. PYTHON is any Python from 3.11.
PYTHON ?= python3
BIN := .venv/bin
# Goes on with a search that was stopped; one that is finished is shown again.
SEARCH := --task implicit --workers 2 --trials 60 $(if $(wildcard results/search/settings.json),--resume)

.PHONY: search test test-slow lint format notebooks pages benchmark clean

search: .venv/installed  ## search for a function that holds, some minutes
	$(BIN)/python -m experiments.search $(SEARCH)

test: .venv/installed  ## what to run before each commit
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-slow: .venv/installed  ## what needs minutes: full-size networks, exports, notebooks
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder

lint: .venv/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: .venv/installed
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

notebooks: .venv/installed  ## run the notebooks from a clean state
	$(BIN)/python -m pytest tests/notebooks

pages: .venv/installed  ## make the tables and notebooks in docs/ anew
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[docs]"
	$(BIN)/python -m experiments.compare --page docs/results.md
	rm -rf docs/notebooks/*_files
	$(BIN)/python -m nbconvert --execute --to markdown --template-file notebooks/page.md.j2 --output-dir docs/notebooks notebooks/*.ipynb
	sed -i.old 's/ *$$//' docs/notebooks/*.md && rm docs/notebooks/*.old

benchmark: .venv/installed  ## measure anew what the documentation shows
	$(BIN)/python -m experiments.benchmark activations --rounds 21
	$(BIN)/python -m experiments.benchmark xla
	$(BIN)/python -m experiments.benchmark models
	$(BIN)/python -m experiments.benchmark pages

clean:
	rm -rf .venv build *.egg-info

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@
