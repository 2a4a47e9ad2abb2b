# `make` lists the targets. Everything runs in .venv, on the embedded PostgreSQL; nothing else is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
MAP ?=
SECONDS ?= 600
DELIVERY ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow chaos drill soak check prove twins up bench fuzz stubs docs picture vendor collector sdks lock client dbt clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo DATA=path/to.csv MAP=mapping.toml   the demo on your own file (see examples/mappings/)"

demo: $(VENV)/base.stamp ## Set up, import a sample, credit, refresh and compare every total
	@$(BIN)/skeldir demo $(if $(DATA),--data "$(DATA)") $(if $(MAP),--map "$(MAP)")

test: $(VENV)/dev.stamp ## Set up, then run the suite except slow tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

test-slow: $(VENV)/dev.stamp ## Run the slow tests: faults seeded in copies of the program, chaos, the service with all its processes
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m slow $(ARGS)

chaos: $(VENV)/dev.stamp ## Kill processes and the database at random for two minutes under traffic, with each installed broker
	@$(BIN)/python -m pytest tests/e2e/test_chaos.py --chaos-seconds 120 -s $(ARGS)

drill: $(VENV)/dev.stamp ## Back up a service under traffic, restore it to a moment, and compare with what was acknowledged
	@$(BIN)/python -m pytest tests/e2e/test_backup_drill.py -s $(ARGS)

soak: $(VENV)/dev.stamp ## Run the service under load of 20 tenants and faults, and check each promise (SECONDS=1800 for longer)
	@$(BIN)/python -m bench.soak --seconds $(SECONDS) $(ARGS)

check: $(VENV)/dev.stamp ## Lint, check types and import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

prove: $(VENV)/base.stamp ## Prove the commit that is checked out, with an evidence pack in evidence/ (ARGS=--ci in CI)
	@$(BIN)/skeldir prove $(ARGS)

twins: $(VENV)/base.stamp ## Seed one fault after another in copies of the commit; each must turn its own checks red
	@$(BIN)/skeldir prove --twins $(ARGS)

up: $(VENV)/base.stamp ## Run API, workers and beat on the embedded PostgreSQL, until Ctrl-C
	@$(BIN)/skeldir up

bench: $(VENV)/dev.stamp ## Measure the claims (sizes in ARGS, see `python -m bench.bench_refresh --help`)
	@$(BIN)/python -m bench.bench_ingest $(ARGS)
	@$(BIN)/python -m bench.bench_attribution $(ARGS)
	@$(BIN)/python -m bench.bench_refresh $(ARGS)
	@$(BIN)/python -m bench.bench_latency $(ARGS)
	@$(BIN)/python -m bench.bench_http $(ARGS)
	@$(BIN)/python -m bench.bench_webhooks $(ARGS)
	@$(BIN)/python -m bench.bench_processes $(ARGS)
	@$(BIN)/python -m bench.bench_fair $(ARGS)
	@$(BIN)/python -m bench.bench_reports $(ARGS)
	@$(BIN)/python -m bench.bench_exports $(ARGS)
	@$(BIN)/python -m bench.bench_pages $(ARGS)
	@$(BIN)/python -m bench.bench_collector $(ARGS)
	@$(BIN)/python -m bench.bench_scale $(ARGS)
	@$(BIN)/python -m bench.bench_models $(ARGS)
	@$(BIN)/python -m bench.bench_fit_beside $(ARGS)

fuzz: $(VENV)/dev.stamp ## Send 20,000 hostile requests to a real API process and check every response (ARGS="--requests N")
	@$(BIN)/python -m bench.fuzz $(ARGS)

stubs: $(VENV)/dev.stamp ## Generate store.pyi with the types of each room's statements, after a change of a statement or the schema
	@$(BIN)/python -m tests.support.stubs

docs: $(VENV)/dev.stamp ## Generate documents from the program: schema, API, figures and pictures of the models
	@$(BIN)/python -m tests.support.documents

picture: $(VENV)/dev.stamp ## Run the demo and draw its output as docs/pictures/demo.svg
	@$(BIN)/python -m tests.support.documents.demo_picture

vendor: $(VENV)/dev.stamp ## Fetch the scripts of others that pages use, in the versions of static/vendor.toml (needs npm)
	@$(BIN)/python -m tests.support.vendoring

collector: $(VENV)/dev.stamp ## Minify the collector's script after a change of v1.js (needs npm)
	@$(BIN)/python -m tests.support.minifying

sdks: ## Fetch the JavaScript libraries of other analytics that slow tests send with (needs npm)
	@cd tests/collect/sdks && npm ci --ignore-scripts --no-audit --no-fund

lock: ## Pin requirements/*.in again, with hashes (needs uv)
	for set in base dev client dbt; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/$$set.in --output-file requirements/$$set.txt; done

client: $(VENV)/client.stamp ## Generate the Python client from docs/openapi.json, and check its types
	@$(BIN)/python -m tests.support.client_package $(VENV)/client/bin/openapi-python-client
	@$(BIN)/mypy --config-file clients/python/pyproject.toml clients/python/src/skeldir_client

dbt: $(VENV)/dbt.stamp $(if $(DELIVERY),,$(VENV)/dev.stamp) ## Try the dbt package on deliveries of the tests, or on your own (DELIVERY=out/)
ifeq ($(DELIVERY),)
	@$(BIN)/python -m pytest tests/integrations $(ARGS)
else
	@SKELDIR_DELIVERY="$(abspath $(DELIVERY))" SKELDIR_DUCKDB="$(abspath $(DELIVERY))/skeldir.duckdb" DO_NOT_TRACK=1 \
		$(VENV)/dbt/bin/dbt build --project-dir integrations/dbt --profiles-dir integrations/dbt $(ARGS)
endif

clean: ## Remove the virtual environment and the embedded server's data
	rm -rf $(VENV) .skeldir

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit(0 if sys.version_info >= (3, 11) else "skeldir needs Python 3.11 or newer, and this is " + v + "; choose another: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv: install it first (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/base.stamp: requirements/base.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# The generator needs another typer than the program.
$(VENV)/client.stamp: requirements/client.txt $(VENV)/dev.stamp
	@echo "Installing the generator of the client (once) ..."
	@$(PYTHON) -m venv $(VENV)/client
	@$(VENV)/client/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/client.txt
	@touch $@

$(VENV)/dbt.stamp: requirements/dbt.txt | $(VENV)/bin/python
	@echo "Installing dbt with DuckDB (once) ..."
	@$(PYTHON) -m venv $(VENV)/dbt
	@$(VENV)/dbt/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/dbt.txt
	@touch $@
