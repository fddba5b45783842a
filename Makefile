# yarder's tasks. `make` lists them; `make demo` and `make test` work from a fresh clone.
# Every target makes what it needs first: the environment in .venv, the native module in it.

PYTHON ?= python3
VENV   ?= .venv
CARGO  ?= cargo

BIN   := $(VENV)/bin
TOOLS := $(VENV)/.tools
BUILT := $(VENV)/.built

# What the native module is made of. Python sources are not here: the install is editable.
NATIVE := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml $(wildcard Cargo.lock)

# yarder-py is a Python extension module: it links only inside an interpreter, so pytest tests it.
RUST_TESTS := --workspace --exclude yarder-py

CHECKED := python/yarder scripts $(wildcard tests/typing)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build wheels demo test test-all test-rust test-python bench lint format docs fuzz loom clean

help: ## list the tasks
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
	    while IFS='|' read -r task text; do printf '%-18s %s\n' "$$task" "$$text"; done
	@echo "  Python: PYTHON=$(PYTHON); environment: VENV=$(VENV)"

setup: $(TOOLS) ## make the environment with the pinned tools

$(VENV)/pyvenv.cfg:
	@scripts/check_prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)

$(TOOLS): pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r constraints.txt
	@touch $@

$(BUILT): $(TOOLS) $(NATIVE)
	@scripts/check_prerequisites.sh $(BIN)/python
	env -u CONDA_PREFIX VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release
	@touch $@

build: $(BUILT) ## build the native module into the environment

wheels: $(TOOLS) ## one wheel for each CPython 3.11-3.13 found here, each installed and tried
	$(BIN)/python scripts/build_wheels.py

demo: $(BUILT) ## walk the standard library, log what is found, count every line, kill and recover
	$(BIN)/python examples/stdlib_walk/main.py

test: $(BUILT) ## everything that has to pass (15 minutes at most, cold, on two cores)
	$(MAKE) --no-print-directory test-rust
	$(MAKE) --no-print-directory test-python

test-rust: $(TOOLS)
	@scripts/install_test_tools.sh
	$(CARGO) test $(RUST_TESTS)

test-python: $(BUILT)
	@scripts/install_test_tools.sh
	$(BIN)/python -m pytest -m "not slow"

test-all: $(BUILT) ## test, and what takes longer: slow tests, models, more cases, wheels
	$(MAKE) --no-print-directory loom
	PROPTEST_CASES=20000 $(CARGO) test --release $(RUST_TESTS)
	$(BIN)/python -m pytest
	$(BIN)/python scripts/build_wheels.py

bench: $(BUILT) ## measure against the peers; raw data goes to bench/runs
	$(BIN)/python -m bench

lint: $(BUILT) ## ruff, mypy, stubtest, rustfmt, clippy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CHECKED)
	$(BIN)/python -m mypy.stubtest yarder._core --allowlist scripts/stubtest-allowlist.txt
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

format: $(TOOLS) ## rewrite the sources as the linters want them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(CARGO) fmt --all

docs: $(BUILT) ## write the reference pages anew, run every example, build the crates' docs
	$(BIN)/python scripts/generate_reference.py
	$(BIN)/python -m pytest tests/docs
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

fuzz: ## fuzz each target for FUZZ_SECONDS (60); needs a nightly tool chain
	scripts/fuzz.sh

loom: ## check the ring's algorithm under every interleaving
	$(CARGO) test -p yarder-ring --features loom --release loom_

clean: ## remove what the tasks made: environment, builds, caches
	rm -rf $(VENV) bench/.venv-bench target dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find python bench -name '*.so' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
