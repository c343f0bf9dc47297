# lab · test · test-full · lessons · bench. Nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
PORT ?= 8888
VENV ?= .venv
# On Linux without a GPU: make lab TORCH_INDEX=https://download.pytorch.org/whl/cpu   (saves several GB)
TORCH_INDEX ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -c constraints.txt
NEEDS := pyproject.toml constraints.txt

.PHONY: lab test test-full lint lessons bench clean
.DEFAULT_GOAL := lab

# The stamps say when the packages were last installed: a newer pyproject.toml or constraints.txt installs again.
$(VENV)/.lab: $(NEEDS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "The course needs Python 3.11 or newer: make lab PYTHON=python3.12, for one."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV) \
	  || { echo "Python could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }; }
	@echo "Installing packages; the first time takes some minutes ..."
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.lab
	@$(INSTALL) -e '.[test]'
	@touch $@

lab: $(VENV)/.lab
	@$(BIN)/python tools/lab.py --port $(PORT)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test: lint
	$(BIN)/python -m pytest -m "not full"
	$(BIN)/python tools/test_notebooks.py

test-full: lint
	$(BIN)/python -m pytest
	$(BIN)/python tools/test_notebooks.py
	$(BIN)/python tools/build_lessons.py --check

lessons: $(VENV)/.test
	$(BIN)/python tools/build_lessons.py

bench: $(VENV)/.test
	$(BIN)/python tools/bench_embedding.py

clean:
	rm -rf $(VENV) .cache build dist
