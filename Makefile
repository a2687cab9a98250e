# tieout: `make run` reconciles, `make up` shows, `make test` proves. Needs Python 3.11 or newer.
# Every target sets itself up: packages go to .venv, data to $TIEOUT_HOME (default: data/).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; break; fi; done)

VENV := .venv
VENV_DUCKDB2 := .venv-duckdb2
BIN := $(VENV)/bin
PIP := pip install -qq --disable-pip-version-check
# The line of DuckDB that is run by default, and the next one, which is tested beside it.
DUCKDB := duckdb>=1.5.5,<1.6
DUCKDB2 := duckdb>=2.0,<2.1

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- what a user calls

.PHONY: run
run: $(VENV)/.run ## reconcile what has landed (a demo company if nothing has) and publish the marts
	@$(BIN)/tieout run

.PHONY: up
up: $(VENV)/.run ## serve the dashboard and Dagster on this machine until Ctrl-C
	@exec $(BIN)/tieout up

.PHONY: verify
verify: $(VENV)/.run ## recompute the journal's proof and name anything that was changed
	@$(BIN)/tieout verify

.PHONY: docs
docs: $(VENV)/.run ## write the documentation of all tables as one page
	@home=$$(cd "$(CURDIR)" && realpath -m "$${TIEOUT_HOME:-data}"); mkdir -p "$$home/target"; \
	TIEOUT_HOME="$$home" DBT_TARGET_PATH="$$home/target" DBT_LOG_PATH="$$home/logs" \
		$(BIN)/dbt --quiet docs generate --static; \
	echo "Open $$home/target/static_index.html"

# ---- what an engineer calls

.PHONY: lint
lint: $(VENV)/.test ## formats, lints, types and a strict parse of what differs from main (ALL=1: of all)
	@.ci/lint $(BIN) $(if $(ALL),all)

.PHONY: dbt
dbt: $(VENV)/.run ## call dbt on the last run's warehouse: make dbt ARGS="build --select int_items+"
	@$(BIN)/tieout dbt $(ARGS)

.PHONY: test
test: env env-duckdb2 ## every check: lint, DuckDB 1.5 and 2.0, pages in a browser
	@.ci/test $(BIN) $(VENV_DUCKDB2)/bin

.PHONY: test-spark
test-spark: $(VENV)/.spark ## build a small company on Spark and compare every mart with DuckDB (half an hour)
	@$(BIN)/python -m pytest tests/spark -rs

.PHONY: test-duckdb2
test-duckdb2: $(VENV_DUCKDB2)/.test ## run every unit test of the models on DuckDB 2.0 too (four minutes)
	@$(VENV_DUCKDB2)/bin/python -m pytest -v tests/python/orchestration/test_dbt_unit_tests.py

.PHONY: test-kill
test-kill: $(VENV)/.test ## kill -9 at ten moments, a fresh home for each, and 45 times in a row (half an hour)
	@$(BIN)/python -m pytest -v tests/python/state/test_kill.py tests/python/state/test_replay.py

.PHONY: test-stories
test-stories: $(VENV)/.test ## what takes minutes and no target of its own: companies over three days and more, game days, benchmarks (small), other worlds
	@$(BIN)/python -m pytest -v -m thorough tests/python tests/browser --ignore=tests/python/splits \
		--ignore=tests/python/state/test_kill.py --ignore=tests/python/state/test_replay.py

.PHONY: test-splits
test-splits: $(VENV)/.test ## keep warehouses over many runs and events, and compare each with one built anew (SEEDS=200; SEED=17: that one)
	@$(BIN)/python -m pytest -v tests/python/splits \
		$(if $(SEED),-k test_seeds --seed $(SEED),--seeds $(or $(SEEDS),20))

.PHONY: test-splits-mutations
test-splits-mutations: $(VENV)/.test ## take something from each rule of kept tables, and see the proof fail (ten minutes)
	@$(BIN)/python -m pytest -v tests/python/splits/test_weaker_rules.py

.PHONY: gameday
gameday: $(VENV)/.run ## put a fault into a small company and see its alert fire: make gameday SCENARIO=tampering (or all)
	@$(BIN)/tieout gameday --company $(or $(SCENARIO),all)

.PHONY: soak
soak: $(VENV)/.run ## weeks of daily runs with random faults, and whether all is well then (WEEKS=3 SEED=7)
	@$(BIN)/tieout soak --weeks $(or $(WEEKS),3) --seed $(or $(SEED),7)

.PHONY: clean
clean: ## remove what tools made (environments, caches); data is never touched
	rm -rf $(VENV) $(VENV_DUCKDB2) *.egg-info .parse .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +

# ---- set-up: an environment is made once, and its packages again when pyproject.toml changes

.PHONY: python
python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "tieout needs Python 3.11 or newer; here is: $$(python3 --version 2>&1 || true)."; \
		echo "Install one, or name it: make run PYTHON=python3.12"; \
		exit 1; \
	fi

$(VENV)/bin/python: | python
	@$(PYTHON) -m venv $(VENV) || { \
		echo "Making $(VENV) failed. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV_DUCKDB2)/bin/python: | python
	@$(PYTHON) -m venv $(VENV_DUCKDB2)

# The two that tests run in. The second has a DuckDB of its own, and all else from the first.
.PHONY: env env-duckdb2
TESTED := $(VENV)/.$(if $(shell command -v java),spark,test)
env: $(TESTED)
env-duckdb2: $(VENV_DUCKDB2)/.test

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	@echo "Installing packages into $(VENV) (once) ..."
	@$(BIN)/$(PIP) -e . '$(DUCKDB)'
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	@echo "Installing packages and test tools into $(VENV) (once) ..."
	@$(BIN)/$(PIP) -e '.[test]' '$(DUCKDB)'
	@touch $(VENV)/.run $@

$(VENV)/.spark: pyproject.toml | $(VENV)/bin/python
	@echo "Installing packages, test tools and Spark (some 500 MB) into $(VENV) (once) ..."
	@$(BIN)/$(PIP) -e '.[test,spark]' '$(DUCKDB)'
	@touch $(VENV)/.run $(VENV)/.test $@

$(VENV_DUCKDB2)/.test: $(TESTED) | $(VENV_DUCKDB2)/bin/python
	@echo "Installing DuckDB 2.0 into $(VENV_DUCKDB2) (once) ..."
	@$(VENV_DUCKDB2)/bin/$(PIP) --ignore-installed --no-deps '$(DUCKDB2)'
	@site='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	printf '%s\n' "$$($(BIN)/python -c "$$site")" "$(CURDIR)" \
		>"$$($(VENV_DUCKDB2)/bin/python -c "$$site")/tieout.pth"
	@touch $@
