# Verdict Courier. `make` alone lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)/client:$(CURDIR)
# What is installed in .venv: what the local stack runs on, and all that development needs.
RUNS := .venv/.runs
READY := .venv/.ready
# The suites of `make check`; those that cover functions/ (three processes); all others that
# need no running stack; those that need one.
CHECK := tests/unit tests/infra
COVER := tests/unit tests/world tests/model tests/rights
# Those in which a call has a second for what it does, on real sockets.
TIMED := tests/contract tests/unit/test_provider_template.py tests/unit/test_forward_notice.py
FAULTS := tests/faults
PLAIN := tests/charges tests/infra tests/workflow
STACK := tests/integration
# Those that start stacks or emulators of their own.
OWN := tests/emulator tests/simulators tests/fuzz tests/integration/test_cdk_command.py tests/integration/test_commands.py tests/integration/test_client.py tests/integration/test_benchmarks.py
# Halves of those that need a running stack, which wait a lot: each has a stack of its own,
# and ends with the search for secrets in what all tests before have left.
SECRECY := tests/integration/test_secrecy.py
STACK_A := $(patsubst %,tests/integration/test_%.py,batches browser console documented_commands drills page page_accessibility)
STACK_B := $(filter-out $(OWN) $(STACK_A) $(SECRECY),$(wildcard $(STACK)/test_*.py))
# Three parts of tests/unit, of half a minute each.
UNIT_A := $(wildcard tests/unit/test_[a-c]*.py)
UNIT_B := $(wildcard tests/unit/test_[d-o]*.py)
UNIT_C := $(filter-out $(UNIT_A) $(UNIT_B),$(wildcard tests/unit/test_*.py))
# They test what is used on this machine alone; see tools/settled.py.
SETTLED := tests/emulator tests/simulators
LEAVE_OUT ?=
T ?=
PYTEST = $(BIN)/python -m pytest
# Suites that only compute step back behind those in which something waits for a while, as
# these have time-outs, and take the longer.
BEHIND := nice -n 10
# What each of the three covers is noted here by probes in functions/. A tracer would take as long
# as the suites themselves.
COVERAGE := .cache/coverage
SLIPCOVER = $(BIN)/python -m slipcover --dont-wrap-pytest --out $(COVERAGE)/$@.json -m pytest
# What `make check test` runs beside all tests: the types take one processor for a minute.
BESIDE = $(if $(T),,$(if $(filter check,$(MAKECMDGOALS)),$(if $(filter test,$(MAKECMDGOALS)),lint audit)))
DURATIONS := $(CURDIR)/.cache/durations.txt
M ?=
FILE ?=
NAME ?=
TYPE ?=
PROVIDER ?= ipqs
STAGE ?= dev
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help demo up down develop test test-cover test-timed test-faults test-plain test-stack-a test-stack-b test-own test-unit-a test-unit-b test-unit-c check-tests quick mutants check audit sbom lint format synth assets budget faults model bench bench-rows bench-crowd diagram template rights runbook corrections openapi provider screenshot wheel bootstrap deploy diff smoke destroy lock clean install-run

help: ## List the targets
	@echo "Verdict Courier: lists to bulk-verification providers, verdicts back."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(RUNS) ## Run a job live on this machine (FILE=my.csv TYPE=… PROVIDER=ipqs|txncheck)
	@$(BIN)/python -m local.demo --file "$(FILE)" --type "$(TYPE)" --provider "$(PROVIDER)"

up: $(RUNS) ## Start the local stack in the background, and print what to try there
	@$(BIN)/python -m local.up up

down: $(RUNS) ## Stop the local stack
	@$(BIN)/python -m local.up down

develop: $(READY) ## Install all tools of development, which other targets do when they need them

test: $(READY) ## All tests with coverage, or only those of T=tests/unit/test_check.py
ifeq ($(T),)
	@mkdir -p $(dir $(DURATIONS)); rm -f $(DURATIONS); rm -rf $(COVERAGE); mkdir $(COVERAGE)
	@left_out=; if $(BIN)/python -m tools.settled check; then left_out="$(SETTLED)"; \
	  echo "Left out, as unchanged since they passed: $(SETTLED) (all with CI=true make test)"; fi; \
	assemblies=$$(mktemp -d) && trap 'rm -rf "$$assemblies"' EXIT INT TERM && \
	ASSEMBLIES=$$assemblies DURATIONS=$(DURATIONS) \
	$(MAKE) --no-print-directory --jobs=4 --keep-going LEAVE_OUT="$$left_out" \
	  test-stack-a test-stack-b test-own test-timed $(BESIDE) test-cover test-faults test-plain
	@$(BIN)/python -m tools.settled note
	@echo "The twenty slowest, in seconds:"; sort -rn $(DURATIONS) | head -n 20
	$(BIN)/python -m slipcover --merge $(COVERAGE)/*.json --out $(COVERAGE).json --fail-under 95
else
	$(PYTEST) $(T)
endif

test-cover:
	$(BEHIND) $(SLIPCOVER) $(COVER) $(addprefix --ignore=,$(TIMED))

test-timed:
	$(SLIPCOVER) $(TIMED)

test-faults:
	$(BEHIND) $(SLIPCOVER) $(FAULTS)

test-plain:
	$(BEHIND) $(PYTEST) $(PLAIN)

test-stack-a:
	$(PYTEST) $(STACK_A) $(SECRECY)::test_no_sink_contains_a_secret

test-stack-b:
	$(PYTEST) $(STACK_B) $(SECRECY)

test-own:
	$(PYTEST) $(filter-out $(LEAVE_OUT),$(OWN))

quick: $(READY) ## Format, lint, types and unit tests, in less than a minute
	@started=$$(date +%s); \
	$(MAKE) --no-print-directory --jobs=3 lint test-unit-a test-unit-b test-unit-c; \
	status=$$?; echo "$$(($$(date +%s) - started)) seconds"; exit $$status

test-unit-a:
	$(PYTEST) -q $(UNIT_A)

test-unit-b:
	$(PYTEST) -q $(UNIT_B)

test-unit-c:
	$(PYTEST) -q $(UNIT_C)

mutants: $(READY) ## Which small changes of the code does no test notice? (M=functions/check.py)
	@$(BIN)/python -m tools.mutants $(M)

# `make check test` runs these tests once, with all others, and the rest beside them.
check: $(READY) ## Format, lint, types, weaknesses, and the tests of units and template
ifeq ($(BESIDE),)
	@$(MAKE) --no-print-directory --jobs=2 lint audit
else
	@echo "Beside the tests: $(BESIDE)"
endif
ifeq ($(filter test,$(MAKECMDGOALS)),)
	@$(MAKE) --no-print-directory check-tests
endif

check-tests: $(READY)
	$(PYTEST) -q $(CHECK)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(BIN)/python -m tools.cdk_types
	$(BIN)/mypy

# ruff's S608 is the same rule as B608, and knows the one folder whose SQL is built.
audit: $(READY) ## Known weaknesses of the packages, secrets in the history, bandit
	$(BIN)/bandit --quiet --severity-level medium --skip B608 --recursive functions client infra local tools
	@$(BIN)/python -m tools.supply_chain secrets
	@$(BIN)/python -m tools.supply_chain audit

sbom: $(READY) ## Print what the deployed functions are made of, as CycloneDX JSON
	@$(BIN)/python -m tools.supply_chain sbom

format: $(READY) ## Format the code, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

synth: $(READY) ## Write the CloudFormation template of STAGE to cdk.out, and lint it
	@rm -f cdk.out/*.template.json
	CDK_CONTEXT_JSON='{"stage": "$(STAGE)"}' $(BIN)/python -m infra.app
	$(BIN)/cfn-lint cdk.out/*.template.json

deploy: $(READY) ## Deploy STAGE (dev or prod) to your AWS account
	@$(BIN)/python -m tools.stage deploy --stage $(STAGE)

diff: $(READY) ## Compare STAGE with what is deployed
	@$(BIN)/python -m tools.stage diff --stage $(STAGE)

smoke: $(READY) ## Try out a deployed STAGE, without paying a provider anything
	@$(BIN)/python -m tools.stage smoke --stage $(STAGE)

budget: $(READY) ## Print what a job costs: checks, transitions, history events, money
	@$(BIN)/python -m benchmarks.budget

faults: $(READY) ## Inject 114,000 sets of faults into both providers' runs, in one to two hours (ONLY='…')
	$(BIN)/python -m tests.faults --only "$(ONLY)"

rights: $(READY) ## Which rights does each role need, and has it these and no others?
	@$(BIN)/python -m tests.rights

model: $(READY) ## Show that the model finds faults of release 0.1.0, in some minutes
	@$(BIN)/python -m tests.model

assets: $(READY) ## Print the sizes of what is deployed, beside Lambda's limit
	@$(BIN)/python -m tools.assets

bench: $(READY) budget ## Measure the budget, Download and its memory, one check, Gather, the API, the polling, cold starts
	@$(BIN)/python -m benchmarks.throughput
	@$(BIN)/python -m benchmarks.memory
	@$(BIN)/python -m benchmarks.one_check
	@$(BIN)/python -m benchmarks.gather
	@$(BIN)/python -m benchmarks.api_latency
	@$(BIN)/python -m benchmarks.schedule
	@$(BIN)/python -m benchmarks.cold_start

bench-rows: $(READY) ## Measure reading and joining two million records: time and memory
	@$(BIN)/python -m benchmarks.rows
	@$(BIN)/python -m benchmarks.join

bench-crowd: $(READY) ## Run 10, 100 and 1,000 jobs at once on the local stack
	@$(BIN)/python -m benchmarks.crowd

bootstrap: $(READY) ## Prepare your AWS account and region for the CDK, once
	@$(BIN)/python -m tools.stage bootstrap --stage $(STAGE)

destroy: $(READY) ## Delete STAGE from your AWS account (docs/deploy.md says what stays)
	@$(BIN)/python -m tools.stage destroy --stage $(STAGE)

diagram: $(READY) ## Draw the state machine from its definition
	$(BIN)/python -m tools.state_chart

template: $(READY) ## Synthesize the template that the local stack has without the CDK
	@$(BIN)/python -m tools.kept_template

runbook: $(READY) ## Generate the run-book's sections on errors and metrics
	$(BIN)/python -m tools.runbook

corrections: $(READY) ## List the emulator's corrections, and say which are no longer needed
	@$(BIN)/python -m tools.corrections

openapi: $(READY) ## Generate the OpenAPI document from the routes and schemas
	$(BIN)/python -m tools.openapi

screenshot: $(READY) ## Take the screenshot of the page (needs Chromium)
	$(BIN)/python -m tools.screenshot

wheel: $(READY) ## Build the client alone, the command `courier`, as a wheel in dist
	$(BIN)/uv build --wheel --offline --no-create-gitignore

provider: $(READY) ## Add a provider by NAME=acme: adapter, simulator, settings, contract tests
	@$(BIN)/python -m tools.provider "$(NAME)"
	@$(MAKE) --no-print-directory --silent format

lock: $(READY) ## Resolve the dependencies and write the lock files
	$(BIN)/uv pip compile --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
	$(BIN)/uv pip compile --group run --constraint requirements.lock --universal \
	  --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o local/requirements.lock
	$(BIN)/uv pip compile --group asset --python-version 3.14 \
	  --python-platform aarch64-manylinux2014 \
	  --generate-hashes --no-emit-index-url --no-header -q -o functions/requirements.lock
	$(BIN)/uv pip compile --group join --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o functions/join.lock
	$(BIN)/uv pip compile --group notices --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o functions/notices.lock
	$(BIN)/python -m tests.workflow.engines.node update --package-lock-only

clean: ## Stop the local stack and remove all generated files
	@if [ -e .local/stack.json ] && [ -x $(BIN)/python ]; then $(BIN)/python -m local.up down; fi
	rm -rf .venv .cache .local cdk.out dist .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  tests/workflow/engines/node_modules

# Create .venv, and install into it what a lock file names ($(1)).
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with PYTHON=…"; exit 1; }
	@$(PYTHON) -m local.phases "Creating .venv" $(PYTHON) -m venv .venv \
	  || { echo "No virtual environments here: on Debian, install python3-venv."; exit 1; }
	@$(PYTHON) -m local.phases "Installing $(2)" $(BIN)/pip install \
	  --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1)
endef

# The lock file of development contains the other one.
$(RUNS): local/requirements.lock
	@if [ $(READY) -nt requirements.lock ]; then touch $@; \
	  else $(MAKE) --no-print-directory --silent install-run; fi

install-run:
	$(call install,local/requirements.lock,what the local stack runs on (once: 100 MB))
	@touch $(RUNS)

$(READY): requirements.lock
	$(call install,requirements.lock,the tools of development (once: 1.4 GB in a few minutes))
	@touch $(RUNS) $@
