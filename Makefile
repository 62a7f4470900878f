# make run and make test each set up .venv from nothing; a second call finds it ready.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup run test lint clean

help:
	@echo "make run      the whole story on this machine (ARGS='--data DIR' and so on reach run_all.py)"
	@echo "make test     linters, types and all tests"
	@echo "make setup    only the virtual environment in $(VENV)"

setup: $(READY)

$(READY): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local,test]'
	touch $@

run: $(READY)
	$(BIN)/python scripts/run_all.py $(ARGS)

test: lint
	$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache
