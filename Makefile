# `make` alone lists the targets. Any Python from 3.11 on will do: make test PYTHON=python3.13
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
# Silent when all is well; bytecode is made on first use, which halves the time that this takes.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" pyproject.toml \
	--group pyproject.toml:build

.PHONY: help run test check format servers bench bench-full bench-scale bench-bulk bench-fair bench-peers chaos mutants contract picture lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/runtime ## set up, then carry out a week of commands, with people, on simulated platforms
	@echo "Running a week of commands, with people, on simulated platforms"
	@$(BIN)/turnup run deploy/examples/first-week.jsonl

test: check servers ## check, then run every test (real RabbitMQ, PostgreSQL and Kamailio included)
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

check: .venv/development ## format, lint, types and import contracts, changing nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: .venv/development ## put every file into the house's format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

servers: .venv/development ## find RabbitMQ, PostgreSQL and Kamailio, or install them (apt as root)
	@$(BIN)/python -m tests.servers

bench: .venv/development servers ## measure once (two minutes), as JSON and a table
	@$(BIN)/python -m tests.bench $(ARGS)

bench-full: .venv/development servers ## measure the published medians
	@$(BIN)/python -m tests.bench --full $(ARGS)

bench-scale: .venv/development servers ## measure with a million operations that wait (ten minutes)
	@$(BIN)/python -m tests.bench.scale $(ARGS)

bench-bulk: .venv/development ## hand in a million rows, killed once in the middle (ten minutes)
	@$(BIN)/python -m tests.bench.bulk $(ARGS)

bench-fair: .venv/development servers ## measure what one product or customer does to others (five minutes)
	@$(BIN)/python -m tests.bench.fair $(ARGS)

bench-peers: .venv/development servers ## measure Turnup beside its peers (half an hour), and draw it
	@$(BIN)/python -m tests.bench.peers $(ARGS)

chaos: .venv/development servers ## kill processes at random and look for what was lost
	@$(BIN)/python -m tests.chaos $(ARGS)

mutants: .venv/development ## change one thing at a time in the products, and see a test fail (hours)
	@$(BIN)/python -m tests.mutants $(ARGS)

contract: .venv/runtime ## renew the descriptions in deploy/published, and of products in README
	@$(BIN)/python -m deploy.contract

picture: .venv/runtime ## draw the screen in the README anew
	@here=$$PWD && there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && cd "$$there" && \
		"$$here/$(BIN)/turnup" run --svg "$$here/deploy/examples/first-week.svg" \
		"$$here/deploy/examples/first-week.jsonl"

lock: .venv/development ## renew both lock files (ARGS=--upgrade takes the newest versions)
	@$(COMPILE) $(ARGS) --output-file requirements.lock
	@$(COMPILE) $(ARGS) --constraints requirements.lock --group pyproject.toml:dev \
		--output-file requirements-dev.lock

clean: ## remove what make set up, what make run and the README left, and what tools left behind
	@for mark in turnup.db.simulator turnup.db.[0-9]*.simulator; do \
		made=$${mark%.simulator}; test ! -e "$$mark" || rm -rf "$$made" "$$made"-wal "$$made"-shm \
		"$$made.key" "$$made.lock" "$$made.mark" "$$made.mail" "$$made.sms" "$$mark"-wal "$$mark"-shm "$$mark"; done
	@for made in serve.db turnup; do rm -rf "$$made.mail" "$$made.sms" "$$made.simulated" \
		"$$made.simulated"-wal "$$made.simulated"-shm; done
	@rm -f serve.db serve.db-wal serve.db-shm serve.db.key serve.db.lock serve.db.mark
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps below are younger than the lock file that they were made from.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
		"turnup needs Python 3.11 or newer, '$(PYTHON)' is not: try make PYTHON=python3.13" >&2; \
		exit 1; }
	@echo "Creating the environment in .venv"
	@$(PYTHON) -m venv .venv

.venv/runtime: .venv/bin/python requirements.lock pyproject.toml
	@echo "Installing what Turnup needs; this takes a minute or so"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development: .venv/runtime requirements-dev.lock
	@echo "Installing what its checks and tests need"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
