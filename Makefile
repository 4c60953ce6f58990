# uv creates the environment. If uv is missing, pip installs it into .uv, for this folder only.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
STACK ?= dev
SEQUENCES ?= 300
UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .uv/bin/uv)
export UV
# Without byte code, each of the many Python processes compiles the SDK for AWS again.
export PYTHONDONTWRITEBYTECODE :=
RUN := $(UV) run --frozen --no-sync

.PHONY: help demo test engine provider coverage check format serve new up-local down-local doctor reference pins clean soak

help: ## Show the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: .venv ## Rehearse a stack, then call every route of its API: make demo STACK=prod
	$(RUN) python -m operations demo "$(STACK)"

test: .venv ## Run the tests.
	$(RUN) pytest -n 2

provider: .venv ## Run only the tests of the AWS plugin in an emulated AWS; fail if it is missing.
	$(RUN) pytest -m provider -n 2 --require-provider

coverage: .venv ## Run the tests and print their coverage; takes longer.
	$(RUN) pytest -n 2 --cov --cov-report=term-missing

engine: .venv ## Run only the tests that drive the Pulumi CLI; fail if it is missing.
	$(RUN) pytest -m engine -n 2 --require-cli

soak: .venv ## Search for hours for an order of events that loses what serves: make soak SEQUENCES=300
	$(RUN) pytest -n 2 --require-cli tests/engine/test_search.py \
		--sequences $(SEQUENCES) --first-seed $${SEED:-$$(date +%s)}

check: .venv ## Check format, lint, types, spelling, workflows, and pins.
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy .
	$(RUN) codespell
	$(RUN) zizmor --offline --no-progress --quiet --persona=pedantic .github
	$(RUN) check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(RUN) check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(RUN) python -m operations.pins --check

format: .venv ## Format the code, and fix what ruff can fix.
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

serve: .venv ## Serve a stack's API on this machine until Ctrl-C; ARGS="--backend blue=http://...".
	$(RUN) python -m operations serve "$(STACK)" $(ARGS)

new: .venv ## Write the files of a new stack: make new NAME=staging
	$(RUN) python -m operations new "$(NAME)" $(ARGS)

up-local: .venv ## Create or update a stack in an emulated AWS, with the Pulumi CLI and its plugin.
	$(RUN) python -m operations up-local "$(STACK)"

down-local: .venv ## Remove the emulated AWS with its stacks.
	$(RUN) python -m operations down-local

doctor: .venv ## Report what is missing for `pulumi up`.
	$(RUN) python -m operations doctor "$(STACK)"

reference: .venv ## Write the generated documents.
	$(RUN) python -m operations.reference
	$(RUN) python -m policies.pack > docs/policies.md

pins: .venv ## Update the transitive packages, and pin them all.
	$(RUN) python -m operations.pins
	$(UV) sync

clean: ## Remove environments and caches, but not the state of an interrupted live test.
	rm -rf .venv .uv .cache/coverage* .cache/gateway .cache/local-aws .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamp lets an interrupted run start over.
.venv: .venv/.complete
.venv/.complete: pyproject.toml $(if $(filter .uv/%,$(UV)),.uv/bin/uv)
	$(UV) sync --quiet
	@touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
