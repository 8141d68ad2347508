# The two commands of the README (`make render`, `make test`) and a developer's day.
# Needs Python 3.11 or later and a package index; everything else is set up here, locked by hash.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install
# Generated schemas and rendered files must not depend on the folder that make was called from.
export PYTHONPATH :=
# Compiled modules are kept: a command that has to compile itself first starts a third slower.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: render test laws fuzz cluster-test unit check lint types schemas docs conformance pages gpu-accuracy roundtrip mutants bench lock wheel-test release docs-site clean

render: $(VENV)/.run ## check the catalog and write rendered/
	$(BIN)/kservegen render

# Tests that ask kubeconform find it on the path, or where Go installs it.
test laws: export PATH := $(PATH):$(shell go env GOPATH 2>/dev/null)/bin
PYTEST := $(BIN)/python -m pytest -q -n auto --dist worksteal

test: $(VENV)/.dev ## run the tests, on all cores
	$(PYTEST) --ignore=tests/cluster

laws: $(VENV)/.dev ## try the laws on ten times as many inputs
	KSERVEGEN_FUZZ=1 $(PYTEST) --ignore=tests/cluster -m hypothesis

fuzz: $(VENV)/.dev ## inputs at random for SECONDS (60), of SEED (a fresh one), INPUTS at most: does any break the tool?
	$(BIN)/python -m tests.fuzz $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(if $(INPUTS),--inputs $(INPUTS))

cluster-test: $(VENV)/.dev ## a real API server on 127.0.0.1: what it says of rendered objects and of policies
	KSERVEGEN_CLUSTER=1 $(BIN)/python -m pytest -q tests/cluster

check: lint types ## everything that needs no test run
	$(BIN)/python tools/catalog_schemas.py --check
	$(BIN)/python -m tools.schemas.compile --check
	$(BIN)/python -m tools.docs --check
	$(BIN)/python -m tools.pages --check
	$(BIN)/kservegen fmt --check
	$(BIN)/kservegen render --check
	$(BIN)/kservegen policy test

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

schemas: $(VENV)/.dev ## compile KServe's schemas, then our own from them
	$(BIN)/python -m tools.schemas.compile
	$(BIN)/python tools/catalog_schemas.py

pages: $(VENV)/.dev ## write render/pages.py from the templates that every render writes
	$(BIN)/python -m tools.pages

docs: $(VENV)/.dev ## write the generated pages of docs/
	$(BIN)/python -m tools.docs

# An environment of its own: the site's packages are none of the tool's.
docs-site: .build/site/.done ## build the documentation site into .build/docs-site; a dead link fails it
	NO_MKDOCS_2_WARNING=1 .build/site/bin/mkdocs build --strict

.build/site/.done: requirements/site.txt
	$(PYTHON) -m venv .build/site
	.build/site/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --only-binary :all: -r $<
	touch $@

conformance: $(VENV)/.run ## compare verdicts with recorded ones of real API servers and controllers
	$(BIN)/python -m tools.conformance

gpu-accuracy: $(VENV)/.dev ## predicted against measured starts; MEASUREMENTS=FILE.csv for others than the recorded ones
	$(BIN)/python -m tools.gpu_accuracy $(MEASUREMENTS)

mutants: $(VENV)/.dev ## change a sample of lines, one at a time: which changes does no test notice? An hour; no part of the gate
	nice $(BIN)/python -m tools.mutants

roundtrip: $(VENV)/.run ## do manifests come back as they were from a catalog? PATHS=… for others than the recorded ones
	$(BIN)/python -m tools.roundtrip $(PATHS)

bench: $(VENV)/.run ## measure against peers (on the path, or where Go installs them), side by side; see docs/benchmarks.md
	PATH="$$PATH:$$(go env GOPATH 2>/dev/null)/bin" $(BIN)/python -m bench.run --profile
	PATH="$$PATH:$$(go env GOPATH 2>/dev/null)/bin" $(BIN)/python -m bench.policies
	PATH="$$PATH:$$(go env GOPATH 2>/dev/null)/bin" $(BIN)/python -m bench.manifests
	PATH="$$PATH:$$(go env GOPATH 2>/dev/null)/bin" $(BIN)/python -m bench.plan

wheel-test: $(VENV)/.dev ## the wheel is built twice alike, works alone, and CI installs it by hash
	$(BIN)/python -m tools.wheel_test

release: $(VENV)/.dev ## the wheel of HEAD, its bill of materials, locked requirements and hashes, in dist/
	$(BIN)/python -m tools.release

lock: ## renew the locked dependencies from pyproject.toml
	$(PYTHON) -m venv .build/lock
	.build/lock/bin/python -m pip --quiet --disable-pip-version-check install uv
	.build/lock/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml -o requirements/run.txt
	.build/lock/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --extra cluster -o requirements/cluster.txt
	.build/lock/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --extra cluster --group dev -o requirements/dev.txt
	echo hatchling | .build/lock/bin/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 -c requirements/dev.txt - -o requirements/build.txt
	echo mkdocs-material | .build/lock/bin/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 - -o requirements/site.txt

# The package itself is put on the path of the environment, so that an edit counts at once.
$(VENV)/.run: requirements/run.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --only-binary :all: -r requirements/run.txt
	$(BIN)/python tools/link_checkout.py
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	touch $@

clean:
	rm -rf $(VENV) .build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
