# Two commands are enough: `make demo` and `make test`. Both set up whatever is missing. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The interpreter that .venv is made with. (PYTHON is for `make package PYTHON=…`: an interpreter to package.)
PYTHON3 ?= python3
export PYTHON3

APP ?= fixtures/iris-flask
IMAGE ?= $(notdir $(patsubst %/,%,$(APP)))
PACK_FLAGS ?=
PYTEST_FLAGS ?=

BIN := .venv/bin
PYTHON_CODE := src tests tools bench
SHELL_CODE := $(wildcard tools/*.sh builder/*.sh bench/*.sh bin/detect bin/build bin/run_phase.sh .ci/run \
	builder/placeholder/bin/* bench/buildpacks/*/bin/*)
FAST_TESTS := tests/unit tests/contract tests/rules tests/serve
LEVELS := fast slow lifecycle image

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: demo test image explain package vendor builder bench check clean
demo: builder ## everything from nothing: build the scikit-learn fixture, run it, print a prediction
	@APP='$(APP)' tools/demo.sh

test: ## all levels: fast and slow, lifecycle (no Docker), image (pack and Docker)
	@failed=; for level in $(LEVELS); do $(MAKE) test-$$level || failed="$$failed $$level"; done; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

image: $(if $(BUILDER),engine tools,builder) ## build any directory: make image APP=dir IMAGE=name [BUILDER=…] [PACK_FLAGS=…]
	@BUILDER='$(BUILDER)' tools/pack_build.sh '$(APP)' '$(IMAGE)' $(PACK_FLAGS)

explain: vendor ## print what would be built from APP=dir, and why; builds nothing
	@$(BIN)/python -I -B src explain '$(APP)'

package: tools .venv ## dist/: the buildpack directory and the .cnb file; PYTHON=<path, url or version> packages an interpreter
	@tools/package.sh '$(PYTHON)'

vendor: .venv ## vendor/: what the buildpack needs to run from this checkout
	@$(BIN)/python tools/package_buildpack.py --vendor-only

builder: engine tools base-images package ## our builder image, with its base images
	@builder/builder.sh ours

bench: bench-default bench-report ## the benchmarks, 25 minutes: results, table and plots; TORCH=pypi|<index> adds torch

check: fmt lint types test-fast ## format, lint, types, fast tests

clean: ## remove what was made here; images and the engine stay
	rm -rf .build .venv dist vendor .mypy_cache .pytest_cache .ruff_cache

.PHONY: bench-quick bench-full bench-default
bench-quick bench-full bench-default: engine tools base-images package vendor
	@bench/environment.sh
	@PYTHONPATH=tests tools/with_tools.sh $(BIN)/python -m bench $(@:bench-%=%) $(if $(TORCH),--torch '$(TORCH)')
bench-quick: ## one round of the benchmarks that matter most, under 5 minutes; prints the table and changes no file
bench-full: ## more rounds and a model of 5 GB, more than an hour; then `make bench-report`

.PHONY: bench-report
bench-report: .venv ## the table and the plots of bench/results.json
	@bench/environment.sh
	@.build/bench/venv/bin/python -m bench.plots
	@$(BIN)/python -m bench.table

.PHONY: docs
docs: .venv ## write what is generated in docs/
	@$(BIN)/python tools/dependency_table.py

.PHONY: snapshots
snapshots: .venv vendor ## write the plans of the fixtures anew; read the difference before it is committed
	@WRITE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/unit/test_fixture_plans.py tests/unit/test_model_plans.py

.PHONY: model-fixtures
model-fixtures: .venv ## make the models of fixtures/models again, with the libraries that write them (a gigabyte is fetched)
	@$(BIN)/python fixtures/models/make.py
	@$(MAKE) snapshots

.PHONY: lock
lock: .venv ## lock requirements/ again, at the newest versions
	@$(BIN)/uv pip compile --quiet --upgrade --python-version 3.10.0 --python-platform x86_64-manylinux_2_17 \
		--generate-hashes --no-emit-package setuptools --no-emit-package wheel \
		requirements/vendor.in -o requirements/vendor.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-strip-extras \
		requirements/dev.in -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
		requirements/bench.in -o requirements/bench.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		requirements/bench-apps.in -o requirements/bench-apps.txt

.PHONY: fmt lint types test-fast test-slow test-lifecycle test-image test-serve test-torch
fmt: .venv ## check the format (fix it: .venv/bin/ruff format)
	@$(BIN)/ruff format --check $(PYTHON_CODE)

lint: .venv ## ruff, and shellcheck where it is installed
	@$(BIN)/ruff check $(PYTHON_CODE)
	@if command -v shellcheck >/dev/null; then shellcheck --external-sources $(SHELL_CODE); fi

types: .venv ## mypy, strict
	@$(BIN)/mypy

test-fast: .venv vendor ## unit, contract, rules and serving tests; no Docker, under a minute
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow' $(FAST_TESTS) $(PYTEST_FLAGS)

test-slow: .venv vendor ## the rest of those, and comparisons with Poetry, PDM, Pipenv and uv; no Docker
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m slow $(FAST_TESTS) $(PYTEST_FLAGS)
	@$(BIN)/python -m pytest tests/inputs $(PYTEST_FLAGS)

test-lifecycle: tools package ## the real lifecycle binaries, no Docker
	@tools/with_tools.sh $(BIN)/python -m pytest tests/lifecycle $(PYTEST_FLAGS)

test-image: builder builders-of-others ## real pack and Docker: images are built, started and asked for predictions
	@tools/with_tools.sh $(BIN)/python -m pytest tests/image $(PYTEST_FLAGS)

test-torch: .venv vendor ## on request only: PyTorch and xgboost from PyPI, gigabytes; prints what they weigh
	@$(BIN)/python -m pytest -s tests/torch $(PYTEST_FLAGS)

test-serve: .venv ## only the tests of model_server
	@$(BIN)/python -m pytest tests/serve $(PYTEST_FLAGS)

.PHONY: engine tools base-images builders-of-others .venv
engine: ## a Docker engine that answers, installed and started if need be
	@tools/docker_engine.sh

tools: ## pack and lifecycle in .build/tools
	@tools/go_tools.sh

base-images: engine ## the build and run image, from Debian packages
	@builder/base_images.sh with-python

# Stand for builders that do not contain our buildpack, and for build images without Python.
builders-of-others: engine tools
	@builder/builder.sh empty
	@builder/builder.sh nopython

.venv:
	@tools/python_environment.sh
