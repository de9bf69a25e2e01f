# Two commands do everything from a fresh checkout: `make demo` and `make test`. Both rest on `make setup`.
# Package indexes, proxies and certificates come from pip's own configuration; nothing here names one.

# An environment that forbids bytecode would make every start thrice as slow.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
CREATED := $(VENV)/.created
SETUP := $(VENV)/.setup
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.PHONY: help setup dev peers check format docs test demo bench conformity wheel lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(SETUP)  ## .venv with the locked packages and the command .venv/bin/cutoverd

dev: $(DEV)  ## setup, and the tools that check and test

$(CREATED):
	@.ci/venv '$(PYTHON)' $(VENV)
	@touch $@

$(SETUP): $(CREATED) requirements.lock requirements-build.lock pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(SETUP) requirements-dev.lock
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

peers:  ## the real programs that the tests talk to, from Debian, when root
	@tests/peers/install

check: $(DEV)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)  ## write the format that check wants
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV)  ## draw docs/states.md out of the code
	$(BIN)/python -m docs.generate

test: $(DEV) peers  ## every test, in one run, as many modules at a time as there are cores
	$(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

demo: $(SETUP)  ## a cutover that fails and puts itself back, on loopback
	$(BIN)/cutoverd lab --scenario trunk-503

bench: $(DEV) peers  ## speed and size, as ratios within one run; about fifteen minutes
	$(BIN)/python -m bench.start
	$(BIN)/python -m bench.parse
	$(BIN)/python -m bench.ratio
	$(BIN)/python -m bench.probing
	$(BIN)/python -m bench.many 1000 20 0
	$(BIN)/python -m bench.many
	$(BIN)/python -m bench.daemon_many
	$(BIN)/python -m bench.daemon_many 1000 20 1
	$(BIN)/python -m bench.storm
	$(BIN)/python -m bench.detect
	$(BIN)/python -m bench.recording
	$(BIN)/python -m bench.webhook

conformity: $(DEV)  ## the lab's platform against its vendor's description, SWAGGER=file.json[.gz]
	@test -n '$(SWAGGER)' || { echo 'make conformity SWAGGER=FILE: the file that GET /api/v2/docs/swagger leads to' >&2; exit 2; }
	$(BIN)/python -m bench.conformity '$(SWAGGER)'

wheel: $(SETUP)  ## dist/cutoverd-VERSION-py3-none-any.whl
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

lock:  ## renew the locks that pyproject.toml asks for; UPGRADE=--upgrade for the newest versions
	@.ci/lock '$(PYTHON)' $(UPGRADE)

clean:  ## remove what the other targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
