# The verbs of the repository. Each sets itself up first; all they need is Python 3.11 with venv, git and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

ifndef PYTHON
PYTHON := $(shell command -v python3.11 || command -v python3)
endif
VENV ?= .venv
# What to pass on to pytest, e.g. `make unit PYTEST_ARGS="-k diff -x"`.
PYTEST_ARGS ?=

BIN := $(abspath $(VENV))/bin
READY := $(VENV)/.ready
COLLECTION := $(VENV)/.collection
# Folders too: a file that is gone shows in its folder's time only.
COLLECTION_PARTS := galaxy.yml README.md $(shell find meta playbooks plugins roles -not -name '__pycache__*' -not -name '*.pyc')
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

export PATH := $(BIN):$(PATH):/usr/sbin:/sbin

.PHONY: help demo test lint type unit coverage mutants faults breadth sanity docs bench build lock clean

help: ## list the verbs
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r verb what; do printf 'make %-8s %s\n' "$$verb" "$$what"; done

demo: export DEMO_BEGAN := $(shell date +%s)
demo: $(READY) $(COLLECTION) ## run the main job on a lab of firewalls (DEMO_KEEP=DIR keeps its working directory)
	@# What cannot be installed is said there and again by the demonstration, which goes on with what can run.
	@.ci/packages || true
	@$(BIN)/python -m murenger.lab.demo

test: lint type sanity unit ## every check there is; pytest comes last

lint: $(READY) ## style, formatting and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

type: $(READY) ## static types
	$(BIN)/mypy
	$(BIN)/mypy tests/conftest.py tests/collection/pip_bootstrap.py
	$(BIN)/mypy tests/house
	$(BIN)/mypy --explicit-package-bases tests/faults

# Four for two processors: more than half of a lab test is waiting.
unit: $(READY) $(COLLECTION) ## the library, the adapters, the lab and the house rules
	$(BIN)/pytest -n 4 --dist loadgroup $(PYTEST_ARGS)

# Tracing takes a third more time, so it is a verb of its own.
coverage: $(READY) $(COLLECTION) ## the same tests with coverage; fails below the floor of pyproject.toml
	$(BIN)/pytest -n 4 --dist loadgroup --cov --cov-report=term

mutants: $(READY) ## take each guard away in a copy of the tree, and demand that a test fails (MUTANTS="GUARD ..." for some)
	$(BIN)/python tests/mutation/guards.py $(MUTANTS)

FAULTS_OF := leaf1,srx1,fw1
faults: $(READY) ## play seeded scenarios of the fault lab (SEED=n COUNT=m DEVICE=fw1|leaf1|srx1 JOBS=k)
	$(BIN)/python -m tests.faults --seed $(or $(SEED),1) --count $(or $(COUNT),100) --jobs $(or $(JOBS),2) \
	  --device $(or $(DEVICE),$(FAULTS_OF)) $(FAULTS_ARGS)

# An hour or more: a thousand races on each device, a packet probe of minutes, death at every step, 50,000 rules (as root).
breadth: $(READY) $(COLLECTION) ## the contract suite with all that is too long for each time (ROUNDS=n, PROBE_S=n, RULES=n)
	MURENGER_BREADTH=1 MURENGER_RACES=$(or $(ROUNDS),1000) MURENGER_PROBE_S=$(or $(PROBE_S),300) \
	  MURENGER_RULES=$(or $(RULES),50000) $(BIN)/pytest -n 2 --dist loadgroup -s --no-cov tests/contracts/devices

sanity: $(READY) ## the Ansible collection: built, installed elsewhere, judged by Ansible's own tools
	tests/collection/run

docs: $(READY) ## check the documentation: links, and what is written about the collection
	$(BIN)/antsibull-changelog lint
	$(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .
	$(BIN)/pytest -q tests/house/test_documents.py

bench: $(READY) ## measure; nothing here passes or fails
	@shopt -s nullglob; found=(benchmarks/bench_*.py); \
	if [ $${#found[@]} -eq 0 ]; then echo "no benchmark is there yet: see benchmarks/README.md"; fi; \
	for file in "$${found[@]}"; do echo "== $$file"; $(BIN)/python "$$file"; done

build: $(READY) ## wheel, source distribution and collection tarball, into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/ansible-galaxy collection build --output-path dist .

lock: ## renew the hashed locks (needs uv on PATH); add LOCK_ARGS=--upgrade for newer releases
	$(LOCK) $(LOCK_ARGS) --group build -o requirements/build.txt
	$(LOCK) $(LOCK_ARGS) --extra dev -c requirements/build.txt pyproject.toml -o requirements/dev.txt

clean: ## remove the virtual environment and everything built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*

# Debian's pip 23 only fetches the first, small lock; everything after that is done by the pinned pip. The second lock has
# two source-only packages: they are built with the tools of the first, so nothing unpinned is ever downloaded.
$(VENV)/.locked: requirements/build.txt requirements/dev.txt
	@"$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'Python 3.11 or later with venv is needed: apt-get install python3-venv, or make PYTHON=/path/to/python3.11' >&2; exit 2; }
	@echo "setting up $(VENV)"
	@"$$("$(PYTHON)" -c 'import sys; print(sys._base_executable)')" -m venv --clear $(VENV)
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/build.txt
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/dev.txt
	@touch $@

$(READY): $(VENV)/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(PIP) check
	@touch $@

# Where ansible-playbook of this environment looks by itself; tests/collection/run judges another, separate installation.
$(COLLECTION): $(READY) $(COLLECTION_PARTS)
	@echo "installing the collection into $(VENV)"
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	export ANSIBLE_COLLECTIONS_PATH="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"; \
	$(BIN)/ansible-galaxy collection build --output-path "$$folder" . >/dev/null; \
	$(BIN)/ansible-galaxy collection install --offline --no-deps --force "$$folder"/*.tar.gz \
	  -p "$$ANSIBLE_COLLECTIONS_PATH" >/dev/null
	@touch $@
