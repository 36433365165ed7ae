# Everything a person or CI does with a checkout. `make` alone lists the targets.
# Plain GNU make and a POSIX shell; the project runs from the checkout, so nothing of ours is installed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# Three stamps in the one environment: `make demo` should not wait for mypy and friends.
CORE := $(VENV)/.core
DEMO := $(VENV)/.demo
DEV := $(VENV)/.dev
# A few tests are quicker in one process: without ARGS all of them run, on all cores.
PARALLEL := -n auto --dist worksteal
# The only tool outside the locks: it writes them, so they cannot hold it.
UV := uv==0.13.9
# Twice quiet: only errors. A mirror set up on the machine may otherwise warn once per package.
PIP_QUIET := -qq --disable-pip-version-check --no-input

# A name on the PATH is no proof: version-manager shims may stand for a Python that is not there, and some
# distributions ship python3 without ensurepip. So each candidate is tried. PYTHON=... wins, if it works.
define find-python
found=; \
for candidate in $${PYTHON:-python3.13 python3.12 python3.11 python3}; do \
	if "$$candidate" -c 'import sys; assert sys.version_info >= (3, 11); import ensurepip, sqlite3, ssl, venv' \
		>/dev/null 2>&1; then found=$$candidate; break; fi; \
done; \
if [ -z "$$found" ]; then \
	echo "Paperboy needs Python 3.11 or newer with venv and ensurepip; none of these works:" \
		"$${PYTHON:-python3.13 python3.12 python3.11 python3}." >&2; \
	echo "Install one (Debian, Ubuntu: apt install python3 python3-venv) or name yours:" \
		"make PYTHON=/path/to/python3." >&2; \
	exit 1; \
fi
endef

# An environment whose interpreter has gone (a Python upgrade, a moved checkout) is made anew.
define make-venv
if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	$(find-python); rm -rf $(VENV); "$$found" -m venv $(VENV); \
fi
endef

export PYTHON

.PHONY: help demo run test kill screens docs check-code format lock image clean

help: ## this list
	@echo "Paperboy: make TARGET [ARGS='...']"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '%-14s%s\n' "$$name" "$$text"; done

demo: $(if $(findstring --once,$(ARGS)),$(CORE),$(DEMO)) ## the whole bot on a local page: no token, no network; or ARGS=--once
	@$(BIN)/python -m bot demo $(ARGS)

run: $(CORE) ## run the bot; settings come from the environment or from .env
	@$(BIN)/python -m bot run $(ARGS)

test: $(DEV) ## run all tests on all cores; some with e.g. make test ARGS='-k digest'
	@$(BIN)/python -m pytest $(or $(ARGS),$(PARALLEL))

kill: $(DEV) ## kill the bot at every step, hundreds of times: nothing is lost, doubled or half written
	@$(BIN)/python -m tests.kill --runs 200 --seed 1 $(ARGS)

screens: $(DEV) ## take the pictures of docs/screens, in Chromium
	@$(BIN)/python -m tests.screens $(ARGS)

docs: $(DEV) ## write the README's tables from the code
	@$(BIN)/python -m tests.docs

check-code: $(DEV) ## ruff and mypy, as CI does
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(DEV) ## let ruff arrange and repair the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

$(CORE): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (once, about 15 s) ..."
	@set -e; $(make-venv); \
	$(BIN)/python -m pip install $(PIP_QUIET) --require-hashes -r requirements.lock
	@touch $@

$(DEMO): requirements-demo.lock requirements.lock pyproject.toml
	@echo "Setting up $(VENV) with the demo's page (once, about 20 s) ..."
	@set -e; $(make-venv); \
	$(BIN)/python -m pip install $(PIP_QUIET) --require-hashes -r requirements-demo.lock
	@touch $(CORE) $@

# The development lock holds the other two's pins too, so it settles all stamps.
$(DEV): requirements-dev.lock requirements.lock pyproject.toml
	@echo "Setting up $(VENV) with the development tools (once, about 30 s) ..."
	@set -e; $(make-venv); \
	$(BIN)/python -m pip install $(PIP_QUIET) --require-hashes -r requirements-dev.lock
	@touch $(CORE) $(DEMO) $@

# One resolution for every Python and platform we support (the markers in the locks). The pins stay as they
# are unless pyproject.toml asks otherwise or ARGS=--upgrade does. Each lock is held to the smaller one's.
# Extras stay in the lock: an older pip looks for coverage[toml] apart from coverage, and finds a newer release
# that has no hash here.
lock: ## remake the locks from pyproject.toml; ARGS=--upgrade moves the pins
	@set -e; $(find-python); \
	if ! build/lock/bin/uv --version 2>/dev/null | grep -qF '$(subst ==, ,$(UV)) '; then \
		rm -rf build/lock; "$$found" -m venv build/lock; \
		build/lock/bin/python -m pip install $(PIP_QUIET) '$(UV)'; \
	fi
	@set -e; \
	compile() { \
		lock=$$1; shift; \
		build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-header --no-strip-extras $(ARGS) "$$@" pyproject.toml -o "$$lock"; \
		{ echo "# Every pin and the hash of each of its files, for Python 3.11 and newer on any platform."; \
		  echo "# Written by 'make lock' from pyproject.toml; 'make lock ARGS=--upgrade' moves the pins."; \
		  cat "$$lock"; } > build/lock/out; \
		cat build/lock/out > "$$lock"; \
		echo "$$lock: $$(grep -c '^[a-z0-9]' "$$lock") packages"; \
	}; \
	compile requirements.lock; \
	compile requirements-demo.lock --extra demo --constraint requirements.lock; \
	compile requirements-dev.lock --extra dev --constraint requirements-demo.lock

image: ## build the container image and try it out (needs root on Debian)
	@bash .ci/image

clean: ## remove what make and the tools made; data and .env stay
	@rm -rf $(VENV) build ./*.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find bot cogs storage tests -name __pycache__ -prune -exec rm -rf {} +
