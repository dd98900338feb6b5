# make demo: simulate, reconstruct, report.   make test: the tests.   Both set themselves up.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && \
	{ echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
DEMO ?=
LEARNED ?=
CINE ?=
CINE_STUDY ?=
DEPLOY ?=
IMPLICIT ?=
MANY ?=
TRAINING ?=
TRAIN_GPU ?=
IMPLICIT_STUDY ?=

ifeq ($(GOMP_SPINCOUNT)$(KMP_BLOCKTIME)$(OMP_WAIT_POLICY),)
export GOMP_SPINCOUNT := 10000# as the package does; benchmarks import torch first
export KMP_BLOCKTIME := 1
endif

.PHONY: demo test test-all lint types contract check bench-cine bench-classical bench-deploy bench-implicit bench-kronecker bench-learned bench-many bench-simulator bench-training train-gpu study-cine study-distillation study-implicit study-kronecker soak clean

demo: $(VENV)/.stamp-run
	$(BIN)/feathermr demo $(DEMO)

test: $(VENV)/.stamp-test
	$(BIN)/pytest

test-all: $(VENV)/.stamp-test
	$(BIN)/pytest -m ""

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/typos

types: $(VENV)/.stamp-dev
	$(BIN)/mypy

contract: $(VENV)/.stamp-dev
	$(BIN)/lint-imports

check: lint types contract test

bench-classical: $(VENV)/.stamp-bench
	$(BIN)/python benchmarks/classical.py

bench-cine: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/cine_speed.py $(CINE)

bench-deploy: $(VENV)/.stamp-deploy
	$(BIN)/python benchmarks/deploy_speed.py $(DEPLOY)

bench-implicit: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/implicit_speed.py $(IMPLICIT)

bench-kronecker: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/kronecker.py

bench-learned: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/learned.py $(LEARNED)

bench-many: $(VENV)/.stamp-cluster
	$(BIN)/python benchmarks/many_speed.py $(MANY)

bench-simulator: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/simulator.py

bench-training: $(VENV)/.stamp-test
	$(BIN)/python benchmarks/training_speed.py $(TRAINING)

train-gpu:
	$(PYTHON) benchmarks/train_gpu.py $(TRAIN_GPU)

study-cine: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/cine_study.py $(CINE_STUDY)

study-distillation: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/distillation_study.py $(DISTILLATION)

study-implicit: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/implicit_study.py $(IMPLICIT_STUDY)

study-kronecker: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/kronecker_study.py

soak: $(VENV)/.stamp-run
	$(BIN)/python benchmarks/soak.py $(SOAK)

clean:
	rm -rf $(VENV) out build src/*.egg-info

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "FeatherMR needs Python 3.11 or newer; install it, or name it: make PYTHON=..."; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python cannot make an environment; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-run: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.stamp-test $(VENV)/.stamp-dev $(VENV)/.stamp-bench $(VENV)/.stamp-cluster $(VENV)/.stamp-deploy: $(VENV)/.stamp-%: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[$*]'
	@touch $@
