# One command for each thing that a person does here. Everything is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SERVE_STAMP := $(VENV)/.serves
BENCH_STAMP := $(VENV)/.benchmarks-installed
LOWEST := .venv-lowest
NEWEST := .venv-newest
SQLALCHEMY20 := .venv-sqlalchemy20
CLIENTS := .clients
ADMIN := clients/react-admin
MUTANTS := .mutants
DEPLOY := .deploy
DOCS := .docs
THOROUGH := 1
# What depends on SQLAlchemy most, and the neighbours that need 2.0. "SQLALCHEMY20_TESTS=tests" runs all.
SQLALCHEMY20_TESTS := tests/neighbours/test_fastapi_users.py tests/neighbours/test_servers.py \
	tests/neighbours/test_sqladmin.py tests/sessions tests/odd tests/http/test_decimals.py \
	tests/http/test_health.py tests/http/test_not_started.py tests/http/test_include.py
# A test process of its own writes no files of code otherwise, and compiles everything each time it starts.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := python -m pytest --dist worksteal
# Three processes for two cores, since tests wait for PostgreSQL, and four where many wait for more. The two parts run one
# after the other: both at once take as long, and what waits for limits of time minds if it gets no core. Where both run,
# TEST_ARGS may name files of which one of them has none (pytest exits with 5).
WITH := $(VENV)
DATABASES := one
BOTH_PARTS := --no-print-directory --keep-going test slow DATABASES=both OR_NONE="|| [ \$$\$$? = 5 ]" WITH=

.DEFAULT_GOAL := help
.PHONY: help serve admin test slow thorough lowest newest matrix sqlalchemy20 faults cluster deploy docs docs-serve mutants check format release bench bench-quick bench-docs clean

help: ## Show what can be done
	@grep -E '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

# What serving needs, and then what tests and tools need beside.
$(SERVE_STAMP): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e '.[serve]'
	@touch $(SERVE_STAMP)

$(STAMP): $(SERVE_STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(STAMP)

# A peer that can't be installed is left out by the benchmark, which says so.
$(BENCH_STAMP): $(STAMP) benchmarks/requirements.txt benchmarks/contenders/js/package-lock.json
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -r benchmarks/requirements.txt
	-npm ci --prefix benchmarks/contenders/js --ignore-scripts --no-audit --no-fund --silent
	@touch $(BENCH_STAMP)

# What generates clients, for tests/clients. Where it can't be installed, those tests are skipped and say so.
$(CLIENTS)/.installed: tests/clients/package.json tests/clients/package-lock.json tests/clients/requirements.txt | $(STAMP)
	rm -rf $(CLIENTS) && mkdir $(CLIENTS) && cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)
	if $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(CLIENTS)/python -r tests/clients/requirements.txt \
		&& npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --silent; then touch $@; fi

# What makes the site of the docs. Where it can't be installed, its tests are skipped and say so.
$(DOCS)/.installed: tools/site/requirements.txt
	$(PYTHON) -m venv --clear $(DOCS)/venv
	if $(DOCS)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r tools/site/requirements.txt; then touch $@; fi

# What is installed first is what the tests need beside; then the lowest versions replace some of it.
$(LOWEST)/.installed: requirements.txt requirements-lowest.txt pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(SQLALCHEMY20)/.installed: requirements.txt requirements-sqlalchemy20.txt pyproject.toml
	$(PYTHON) -m venv $(SQLALCHEMY20)
	$(SQLALCHEMY20)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(SQLALCHEMY20)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-sqlalchemy20.txt
	$(SQLALCHEMY20)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

serve: $(SERVE_STAMP) ## Run the example on SQLite (SERVE_ARGS="--port 9000" for more)
	$(BIN)/modelwire serve examples/league.py $(SERVE_ARGS)

$(ADMIN)/node_modules/.installed: $(ADMIN)/package.json $(ADMIN)/package-lock.json
	npm ci --prefix $(ADMIN) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

admin: $(ADMIN)/node_modules/.installed ## Build the admin page into the package, out of clients/react-admin (needs Node.js)
	cd $(ADMIN) && npm run --silent build

test: $(STAMP) ## Run the tests but for the slow ones, each on SQLite or PostgreSQL (DATABASES=both for both)
	$(WITH)/bin/$(PYTEST) --part quick --databases $(DATABASES) -n 3 $(TEST_ARGS) $(OR_NONE)

slow: $(STAMP) $(CLIENTS)/.installed $(DOCS)/.installed ## Run the tests that start processes, wait, watch memory or go through whole services
	$(WITH)/bin/$(PYTEST) --part slow -n 4 $(TEST_ARGS) $(OR_NONE)

thorough: $(STAMP) ## Run every test on both lanes, those that draw examples with many more, new ones, and races 20 times (THOROUGH=2 for more)
	MODELWIRE_TEST_THOROUGH=$(THOROUGH) $(BIN)/$(PYTEST) -n 3 $(TEST_ARGS)

lowest: $(LOWEST)/.installed $(CLIENTS)/.installed ## Run every test with the lowest versions that are supported, in an environment of their own
	$(MAKE) $(BOTH_PARTS)$(LOWEST)

# The canaries of tests/compat come first: what has moved says so by its name. Bounds of other packages
# may keep one of the newest away; what is tested, is listed.
newest: $(CLIENTS)/.installed ## Run every test with the newest version of everything, past our own bounds
	$(PYTHON) -m venv $(NEWEST)
	$(PYTHON) -m tools.unpinned | $(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade -r /dev/stdin hatchling editables
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(NEWEST)/bin/python -m pip list --disable-pip-version-check | grep -iE '^(aiosqlite|asyncpg|fastapi|pydantic|sqlalchemy|sqlmodel|starlette|uvicorn) '
	$(NEWEST)/bin/python -m pytest tests/compat
	$(MAKE) $(BOTH_PARTS)$(NEWEST)

matrix: $(CLIENTS)/.installed ## Run tests on every Python that is here (TEST_ARGS="tests/unit tests/compat" for some)
	$(PYTHON) -m tools.matrix -n 3 --dist worksteal $(TEST_ARGS)

sqlalchemy20: $(SQLALCHEMY20)/.installed ## Run a part of the tests on the newest SQLAlchemy 2.0, and the neighbours that need it
	$(SQLALCHEMY20)/bin/$(PYTEST) -n 3 $(SQLALCHEMY20_TESTS) $(TEST_ARGS)

faults: $(STAMP) ## Break everything that can break, and print what was measured (about 15 minutes)
	$(BIN)/python -m pytest tests/faults -m "long or not long" $(TEST_ARGS)

cluster: $(STAMP) ## Break a real cluster of PostgreSQL under Patroni again and again (needs Debian's patroni, etcd-server and postgresql)
	MODELWIRE_TEST_FAILOVERS=3 $(BIN)/python -m pytest tests/faults/test_failover.py tests/faults/test_replicas.py -m "long or not long" $(TEST_ARGS)

# A place of its own: the schemas of Kubernetes are a hundred megabytes.
$(DEPLOY)/.installed: tests/deploy/requirements.txt
	$(PYTHON) -m venv $(DEPLOY)
	$(DEPLOY)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/deploy/requirements.txt
	@touch $@

deploy: $(STAMP) $(DEPLOY)/.installed ## Check the files of deploy/ with the tools that they are for, as far as these are installed
	PATH="$$PATH:$(CURDIR)/$(DEPLOY)/bin" $(BIN)/python -m pytest tests/deploy -rs $(TEST_ARGS)

docs: $(STAMP) $(DOCS)/.installed ## Build the docs as a site, into .docs/site; a link that leads nowhere fails
	$(BIN)/python -m tools.site build

docs-serve: $(STAMP) $(DOCS)/.installed ## Serve that site at http://127.0.0.1:8001, with each page as it is edited
	$(BIN)/python -m tools.site serve

# A place of its own: cosmic-ray has needs that the rest has not.
$(MUTANTS)/venv/.installed: tests/mutants/requirements.txt
	$(PYTHON) -m venv $(MUTANTS)/venv
	$(MUTANTS)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/mutants/requirements.txt
	@touch $@

mutants: $(STAMP) $(MUTANTS)/venv/.installed ## Change the code at random places, and see what tests notice (MUTANTS_MINUTES=20, MUTANTS_SEED=1)
	$(MUTANTS)/venv/bin/python tests/mutants/run.py

check: $(STAMP) ## Check format, lint, types and layering, and run the tests on both databases, but for the slow ones, which CI runs too
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test DATABASES=both

format: $(STAMP) ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

release: $(STAMP) ## Build what is published, check it, install it anew and ask it once
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tools.release

bench: $(BENCH_STAMP) ## Compare with other ways of doing the same work (about an hour)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-quick: $(BENCH_STAMP) ## The same on small tables, in less than 3 minutes
	$(BIN)/python -m benchmarks --quick $(BENCH_ARGS)

bench-docs: $(STAMP) ## Put the figures of the last full run into docs/performance.md
	$(BIN)/python -m benchmarks.publish

clean: ## Remove the virtual environment and what tools left
	rm -rf $(VENV) benchmarks/contenders/js/node_modules $(ADMIN)/node_modules .venv-3.* $(LOWEST) $(NEWEST) $(SQLALCHEMY20) $(CLIENTS) $(DOCS) $(MUTANTS) .mypy_cache .ruff_cache .hypothesis build dist
