# geogate: `make demo` and `make test` need Python 3.11 to 3.13 and make, and nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
MINISTACK_VENV := .venv-ministack
PYGEOAPI_VENV := .venv-pygeoapi
INFRA_VENV := .venv-infra
AZURITE_ENV := .venv-azurite
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
MINUTES ?= 60
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

export GX_ANALYTICS_ENABLED := false
# The caches of compiled Python files are made once at set-up; without them each Airflow process costs ten seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup test lint check infra-check attack chaos azure hostile fuzz demo drill bench bench-quick bench-watch lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: $(VENV)/.ready $(VENV)/.kernels $(MINISTACK_VENV)/.ready $(PYGEOAPI_VENV)/.ready ## Create the environments from pinned versions

$(VENV)/bin/uv:
	@test -n "$(PYTHON)" || { echo "geogate needs Python 3.11, 3.12 or 3.13 on the PATH (or make PYTHON=/path/to/python)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

$(VENV)/.ready: requirements/dev.lock pyproject.toml | $(VENV)/bin/uv
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements/dev.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

# Kernels are compiled here and never while a dataset is judged.
$(VENV)/.kernels: $(VENV)/.ready $(wildcard src/geogate/kernels/*.py)
	$(BIN)/geogate kernels --compile
	@touch $@

$(VENV)/.bench: requirements/bench.lock $(VENV)/.ready
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements/bench.lock
	@touch $@

# ministack pins its own botocore, so it lives in an environment of its own.
$(MINISTACK_VENV)/.ready: requirements/ministack.lock | $(VENV)/bin/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(MINISTACK_VENV)
	VIRTUAL_ENV=$(CURDIR)/$(MINISTACK_VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements/ministack.lock
	@touch $@

# pygeoapi is a server that tests send to, and pins libraries of its own.
$(PYGEOAPI_VENV)/.ready: requirements/pygeoapi.lock | $(VENV)/bin/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PYGEOAPI_VENV)
	VIRTUAL_ENV=$(CURDIR)/$(PYGEOAPI_VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements/pygeoapi.lock
	@touch $@

# checkov pins its own boto3 and more, so it lives in an environment of its own; tests and lint do without it.
$(INFRA_VENV)/.ready: requirements/infra.lock | $(VENV)/bin/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(INFRA_VENV)
	VIRTUAL_ENV=$(CURDIR)/$(INFRA_VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/infra.lock
	@touch $@

test: setup ## Run all tests: units, properties, formats, real S3 server, PostgreSQL, Airflow and Spark
	@infra/system-packages.sh
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: setup ## Check style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## Run what CI runs

infra-check: setup $(INFRA_VENV)/.ready ## Check the infrastructure: cfn-lint, rules of our own by cfn-guard, checkov, Terraform where there is one
	$(BIN)/cfn-lint infra/perimeter.yaml infra/ledger.yaml
	$(INFRA_VENV)/bin/python infra/guard.py infra/perimeter.yaml infra/ledger.yaml
	$(INFRA_VENV)/bin/checkov --quiet --compact --skip-download --framework cloudformation --file infra/perimeter.yaml infra/ledger.yaml
	$(BIN)/python -m infra.terraform.check

attack: setup ## Attack the perimeter on a real server; the last line counts what was refused and accepted
	@$(BIN)/python tests/attack/run.py

# Azure's emulator is a program of Node with hundreds of packages, which takes a minute to install: no part of `make test`.
$(AZURITE_ENV)/.ready: infra/azurite/package.json infra/azurite/package-lock.json
	@command -v npm >/dev/null || { echo "make azure needs Node 20 or later with npm on the PATH"; exit 1; }
	@mkdir -p $(AZURITE_ENV) && cp $^ $(AZURITE_ENV)/
	cd $(AZURITE_ENV) && npm ci --no-audit --no-fund --ignore-scripts --omit=dev --loglevel=error
	@touch $@

azure: setup $(AZURITE_ENV)/.ready ## Send to Azure Blob Storage as its emulator has it, which is installed for this
	$(BIN)/pytest --override-ini "python_files=check_*.py" tests/azure

chaos: setup ## Kill store, database and processes KILLS=200 times during RELEASES=1000; each must arrive exactly once
	@infra/system-packages.sh
	@$(BIN)/python tests/chaos/run.py $(if $(RELEASES),--releases $(RELEASES)) $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

hostile: setup ## Try every smuggling case on the gate, and clean data beside it
	$(BIN)/python tests/smuggling/run.py

fuzz: setup ## Damage files of every format for MINUTES=60 and see that nothing crashes, hangs or clears
	$(BIN)/python -W ignore tests/fuzzing/run.py --minutes $(MINUTES) $(if $(CRASHERS),--crashers $(CRASHERS)) $(if $(SEED),--seed $(SEED))

demo: setup ## Run the export DAG over real data against a real S3 server and show what happened
	$(BIN)/python infra/demo/run.py

drill: setup ## Sabotage the decision path line by line and see that the tests notice; ONLY=word picks some
	$(BIN)/python infra/drill/run.py --only "$(ONLY)"

bench: setup $(VENV)/.bench ## Measure against the peers, write tables and plots into docs/benchmarks.md
	$(BIN)/python benchmarks/run.py

bench-quick: setup $(VENV)/.bench ## Two million points, ten thousand zones, the peers beside it, under a minute
	$(BIN)/python benchmarks/quick.py

bench-watch: setup ## Compare what each kernel costs a row with what it cost when that was last recorded
	$(BIN)/python benchmarks/watch.py

lock: $(VENV)/bin/uv ## Resolve the pinned versions anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade --all-extras --group dev pyproject.toml -o requirements/dev.lock
	cp requirements/dev.lock requirements/bench.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --all-extras --group dev --group bench pyproject.toml -o requirements/bench.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade requirements/ministack.in -o requirements/ministack.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade requirements/pygeoapi.in -o requirements/pygeoapi.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade requirements/infra.in -o requirements/infra.lock

clean: ## Remove the environments and everything that runs have left
	rm -rf $(VENV) $(MINISTACK_VENV) $(PYGEOAPI_VENV) $(INFRA_VENV) $(AZURITE_ENV) .geogate .airflow .demo
