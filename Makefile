# One command per wish; `make` alone lists them. Everything is installed into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
CODE := $(wildcard watcher tests benchmarks)
DEMO ?= 1
ARGS ?=
DATA ?= data
PYTEST_ARGS ?= -n 2 --dist worksteal
NO_DEMO := 0 no false off
# Whatever the environment says: compiling everything anew takes most of the start of a process.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Serve Watcher with a demo; DEMO=0 leaves the demo out
	@tools/setup.sh run
	@exec $(BIN)/watcher serve $(if $(filter $(NO_DEMO),$(DEMO)),--no-demo,--demo) $(ARGS)

.PHONY: setup
setup: ## Make .venv with everything that development needs
	@tools/setup.sh dev

.PHONY: test
test: ## Run the tests with coverage; CI=true fails on anything left out
	@tools/setup.sh dev
	@tools/packages.sh test
	@$(BIN)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=term
	@rm -f .coverage.* # what killed processes left half-written
	@$(BIN)/python -m coverage report --include='watcher/model/*,watcher/decide/*' --fail-under=100

.PHONY: check
check: ## Check format, lint, types and import contracts
	@tools/setup.sh dev
	@$(MAKE) -k -j 4 --output-sync=target check-format check-lint check-types check-imports

.PHONY: check-format check-lint check-types check-imports
check-format:
	@$(BIN)/python -m ruff format --check --quiet $(CODE) && echo "format   ok"
check-lint:
	@$(BIN)/python -m ruff check --quiet $(CODE) && echo "lint     ok"
check-types:
	@$(BIN)/python -m mypy --no-error-summary $(CODE) && echo "types    ok"
check-imports:
	@tools/quiet.sh $(BIN)/lint-imports --cache-dir .cache/import-linter && echo "imports  ok"

.PHONY: fmt
fmt: ## Format the code and repair what the linter can
	@tools/setup.sh dev
	@$(BIN)/python -m ruff check --fix-only --quiet $(CODE)
	@$(BIN)/python -m ruff format $(CODE)

.PHONY: e2e
e2e: ## Run the end-to-end tests against real systems
	@tools/setup.sh dev
	@tools/packages.sh test
	@tools/packages.sh e2e
	@$(BIN)/python -m pytest tests/e2e

.PHONY: bench
bench: ## Run the benchmarks
	@tools/setup.sh dev
	@tools/packages.sh bench
	@PATH="$(CURDIR)/.cache/bench/bin:$$PATH" $(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-correlation
bench-correlation: ## Measure how recorded alerts are grouped; DATA=folder, see docs/benchmarks.md
	@tools/setup.sh dev
	@$(BIN)/python -m benchmarks.correlation "$(DATA)" $(ARGS)

.PHONY: bench-recurrence
bench-recurrence: ## Measure how what comes back is recognised; DATA=folder, see docs/benchmarks.md
	@tools/setup.sh dev
	@$(BIN)/python -m benchmarks.causes "$(DATA)" $(ARGS)

.PHONY: lock
lock: ## Write the locks in requirements/ anew; UPGRADE=1 takes newer releases
	@UPGRADE="$(UPGRADE)" tools/lock.sh

.PHONY: clean
clean: ## Remove everything that these commands made
	@rm -rf .venv .cache .coverage .coverage.* .hypothesis .ruff_cache .schemathesis dist htmlcov
	@find watcher tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
