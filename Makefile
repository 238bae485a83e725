# make demo   set up and look at pictures        make test    set up and run the fast tests
# make check  style, types, imports              make test-all  every test, slow ones too
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-all check docs catalog clean

demo: $(READY)
	$(BIN)/looksay look storybook --output look.html

test: $(READY)
	$(BIN)/pytest -n 2 -m "not slow"

test-all: $(READY)
	$(BIN)/pytest -n 2

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_imports.py -p no:xdist

docs: $(READY)
	$(BIN)/mkdocs build --strict

catalog: $(READY)
	$(BIN)/python -m looksay.systems

# Set up once, and again when what is needed changes. A half-made environment is never taken for a whole one.
$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "looksay needs Python 3.11: set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

clean:
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache
