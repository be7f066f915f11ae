# Every target sets up what it needs; a fresh checkout needs Python 3.11+ with venv, git and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Debian puts mosquitto where only root looks.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin

BIN := .venv/bin
READY := .venv/ready
# More than most machines have cores: tests wait more than they work.
WORKERS ?= 4
# Floors 0-2: what `cov` measures, each file by its own unit tests.
CORE_TESTS := $(wildcard $(foreach name,errors messages reasons topics clock values,tests/unit/test_$(name).py) \
	tests/unit/codec tests/unit/protocol)

.PHONY: help setup demo test chaos bench bench-quick check lint types cov wheel mypyc clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY) ## make .venv in this checkout (again only when pyproject.toml or constraints.txt changed)

$(READY): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh
	@touch $@

demo: setup ## a broker and its gateways are killed while messages cross into a database; prints the ledger
	@$(BIN)/holdfast demo

test: setup ## the whole test suite (installs mosquitto and PostgreSQL where it may, else says what it skipped)
	@scripts/ensure-mosquitto.sh
	@scripts/ensure-postgres.sh
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not chaos" tests

chaos: setup ## the same faults at full size: too long for every run; tells and draws how the link came back
	@scripts/ensure-mosquitto.sh
	@scripts/ensure-postgres.sh
	HOLDFAST_RECOVERY=build/recovery \
		$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m chaos --timeout 1800 tests
	$(BIN)/python -m tests.recovery.report build/recovery

bench: setup ## CPU per message beside seven peers, in one run (some twenty minutes); keeps the result and draws it
	@scripts/ensure-mosquitto.sh
	@scripts/ensure-postgres.sh
	@scripts/ensure-libmosquitto.sh
	$(BIN)/python benchmarks/run.py --save benchmarks/results/bench.json --plot docs/pictures/cost.svg
	$(BIN)/python -m benchmarks.quoted

bench-quick: setup ## the gate: the ratios that must not be lost, against the kept run (under two minutes)
	@scripts/ensure-mosquitto.sh
	@scripts/ensure-libmosquitto.sh
	$(BIN)/python benchmarks/run.py --gate

check: lint types cov wheel mypyc bench-quick ## lint, types, coverage of floors 0-2, the wheel without extras, mypyc, the gate

lint: setup ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy --strict
	$(BIN)/mypy --strict src tests

cov: setup ## every branch of floors 0-2, from their own unit tests
	$(BIN)/coverage run -m pytest -q $(CORE_TESTS)
	$(BIN)/coverage report

wheel: setup ## the wheel builds, installs without extras, imports, and names the extra the CLI needs
	@scripts/check-wheel.sh

mypyc: setup ## floors 0-2 can be compiled, and work compiled
	@scripts/check-mypyc.sh

clean: ## remove .venv, caches and build leftovers
	rm -rf .venv build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
