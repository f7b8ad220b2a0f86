# `make demo` and `make test` do all the set-up on a machine with python3 and make; see README.md.

PYTHON ?= python3
BIN := .venv/bin
TESTS ?= tests
# As many test processes as cores; the machine of the CI has two.
WORKERS ?= auto

.PHONY: demo test lint soak bench test-credentials test-openedx test-conformance messages clean help

help:
	@sed -n 's/^## //p' Makefile

## make demo   tool, practice LMS and worker with a seeded programme; prints the address to open; Ctrl-C stops all
demo: .venv/base
	@$(BIN)/lti-tool demo $(DEMO)

## make test   installs what tests need and runs everything: lint, types, boundaries, unit, storage, flows, browser
test: .venv/test lint
	$(BIN)/python -m tests.services
	$(BIN)/pytest $(TESTS) -n $(WORKERS) --dist loadgroup

## make lint   style, types and import contracts alone
lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

## make soak   the kill, race and volume tests at full counts
soak: .venv/test
	$(BIN)/python -m tests.services
	LTI_TOOL_SOAK=1 $(BIN)/pytest $(TESTS) -m soak -n 0

## make bench  prints figures; asserts nothing about time
bench: .venv/test
	@for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(BIN)/python -m $$(echo $${bench%.py} | tr / .) || exit 1; done

## make test-openedx   against a second platform's real code, Open edX's LTI consumer, in an environment of its own
test-openedx: .venv/test .venv-openedx/ready
	LTI_TOOL_TEST_OPENEDX=$(CURDIR)/.venv-openedx/bin/python $(BIN)/pytest tests/openedx -n 0

.venv-openedx/ready: tests/openedx/requirements.txt
	$(PYTHON) -m venv .venv-openedx
	.venv-openedx/bin/python -m pip install --quiet --requirement $<
	@touch $@

## make test-credentials   credentials against checks of others; CREDENTIAL_VALIDATORS names their folder
CHECKS := var/validators
test-credentials: .venv/test
	@test -d "$(CREDENTIAL_VALIDATORS)" || { echo "CREDENTIAL_VALIDATORS names no folder; see docs/developer.md" >&2; exit 2; }
	test -x $(CHECKS)/bin/python || $(PYTHON) -m venv $(CHECKS)
	$(CHECKS)/bin/python -m pip install --quiet pyshacl pyld rdflib jsonschema
	mkdir -p $(CHECKS)/node && cp $(CREDENTIAL_VALIDATORS)/node/package.json $(CREDENTIAL_VALIDATORS)/node/verify.mjs $(CHECKS)/node/
	cd $(CHECKS)/node && npm install --silent --no-audit --no-fund
	CREDENTIAL_VALIDATORS="$(CREDENTIAL_VALIDATORS)" CREDENTIAL_CHECKS="$(CHECKS)" $(BIN)/pytest tests/papers/validators.py -n 0

## make messages   extracts messages and brings them into the five catalogues
messages: .venv/test
	$(BIN)/pybabel extract -F pyproject.toml -k N_ -k pgettext:1c,2 --sort-output --no-wrap --no-location --project='LTI Tool for ECVET' -o lti_tool/translations/messages.pot lti_tool
	$(BIN)/pybabel update --no-wrap --no-fuzzy-matching -i lti_tool/translations/messages.pot -d lti_tool/translations

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

# The build tool warns that an editable install is editable: that is what is wanted.
.venv/base: pyproject.toml .venv/bin/python $(wildcard lti_tool/translations/*/LC_MESSAGES/messages.po)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/test: .venv/base
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[test,postgres,bench]'
	@touch $@

clean:
	rm -rf .venv .venv-openedx build *.egg-info
