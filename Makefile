# Two commands are enough: `make serve` and `make test`. Both make their own
# virtual environment; nothing but Python 3.11+ and make has to be there.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# Another interpreter gets another environment: make test PYTHON=python3.13
VENV ?= .venv$(if $(filter python3.%,$(notdir $(PYTHON))),-$(notdir $(PYTHON)))
HOST ?= 127.0.0.1
PORT ?= 8000
FUZZ ?= 200
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
SOURCES := app tests alembic benchmarks tools examples clients

.PHONY: help serve test e2e deploy-check federation chaos helm caddy kubernetes wheel sbom provenance pictures accessibility check fix fuzz bench docs lock argon2

help:
	@echo "make serve [HOST=127.0.0.1] [PORT=8000]   start the service (makes $(VENV) first)"
	@echo "make test                                 run the tests"
	@echo "make e2e                                  walk through the pages in Chromium"
	@echo "make deploy-check                         ask other programs about the files of deploy/"
	@echo "make federation [PEERS='dex slapd']       sign in at real providers and directories"
	@echo "make chaos                                let parts of an installation fail, and write what it cost"
	@echo "make kubernetes                           write deploy/kubernetes from deploy/chart (Helm, or Go)"
	@echo "make wheel | provenance | sbom            what a release is made of, into build/dist"
	@echo "make pictures                             the same for docs/pictures"
	@echo "make accessibility                        look at every page with axe, and write what it finds"
	@echo "make check | fix | docs                   look at, or mend, style and documents"
	@echo "make bench [AGAINST=HEAD~1] [ONLY=memory] measure, alone or beside another revision"
	@echo "make argon2                               build the faster engine for passwords"
	@echo "$(BIN)/auth-serve --help            everything that operators do, once $(VENV) is made"

serve: $(VENV)/.serve
	@$(BIN)/python -m app.cli server start --host $(HOST) --port $(PORT)

# What was compiled once is kept: tests start some hundred processes. Coverage is traced
# by .ci/run, and by whoever asks for it (pytest -v --cov=app): it costs half as much again.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.test
	$(BIN)/python -m pytest -v

# In the Chromium of the system, or the one that CHROMIUM names. What people can do at the
# account and in the console is noted: nothing may be left that was not done in each manner.
e2e: export PYTHONDONTWRITEBYTECODE :=
e2e: export FUNCTIONS_USED := $(abspath $(VENV))/functions.jsonl
e2e: $(VENV)/.e2e
	@rm -f $(FUNCTIONS_USED)
	$(BIN)/python -m pytest -v --no-cov --timeout 180 tests/e2e
	$(BIN)/python -m tools.journeys $(FUNCTIONS_USED)

# With HAProxy, systemd-analyze and Helm where they are (PATH; HELM names another).
deploy-check: $(VENV)/.deploy
	$(BIN)/python -m pytest -v -rs -n 0 --no-cov --timeout 300 tests/deploy

# What is missing is installed first: node-oidc-provider (npm), dex (Go), keycloak (Maven and
# Java), slapd, 389 and samba (the system's packages, as root). All of them, or those of PEERS.
federation: export PYTHONDONTWRITEBYTECODE :=
federation: export PEERS := $(PEERS)
federation: $(VENV)/.test
	$(BIN)/python -m tests.federation.setup
	$(BIN)/python -m pytest -v -n 0 --no-cov --timeout 600 tests/federation

# Three processes, HAProxy, PgBouncer, Valkey, PostgreSQL with a standby; docs/operations.md
# gets the table. Some faults alone, and nothing written: make chaos ONLY=frozen,killed
chaos: export PYTHONDONTWRITEBYTECODE :=
chaos: $(VENV)/.test
	$(BIN)/python -m tools.chaos $(if $(ONLY),--only "$(ONLY)") $(if $(LOGS),--logs "$(LOGS)")

# From its source, which needs Go and some minutes: no package of Python or Debian has it.
helm: $(BIN)/helm
$(BIN)/helm: | $(BIN)/python
	GOBIN="$(abspath $(BIN))" go install helm.sh/helm/v3/cmd/helm@v3.19.5

# What tests/forward_auth asks besides nginx; the same.
caddy: $(BIN)/caddy
$(BIN)/caddy: | $(BIN)/python
	GOBIN="$(abspath $(BIN))" go install github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9

kubernetes: $(BIN)/helm
	@{ echo "# Made by make kubernetes from deploy/chart; do not edit."; \
	  $(BIN)/helm template auth-serve deploy/chart --namespace auth-serve --kube-version 1.34.0; \
	} > deploy/kubernetes/auth-serve.yaml

# Of the last commit, into build/dist; the same bytes wherever and whenever that is done.
wheel: $(VENV)/.test
	@$(BIN)/python -m tools.release wheel

# What the wheel was made from (in-toto, SLSA), beside it; KEY=release.pem signs it (DSSE).
provenance: $(VENV)/.test
	@$(BIN)/python -m tools.release provenance $(if $(KEY),--key $(KEY))

# Every package of the lock (CycloneDX).
sbom: $(VENV)/.deploy
	@$(BIN)/python -m tools.release sbom

pictures: export PYTHONDONTWRITEBYTECODE :=
pictures: $(VENV)/.e2e
	PICTURES=docs/pictures $(BIN)/python -m pytest -q -n 0 --no-cov tests/e2e/test_look.py tests/e2e/test_first_run.py

# axe at every page in every language, and docs/accessibility.md from what it found.
accessibility: export PYTHONDONTWRITEBYTECODE :=
accessibility: export ACCESSIBILITY_RUNS := $(abspath $(VENV))/accessibility.jsonl
accessibility: $(VENV)/.e2e
	@rm -f $(ACCESSIBILITY_RUNS)
	$(BIN)/python -m pytest -v -n 0 --no-cov --timeout 400 tests/e2e
	$(BIN)/python -m tools.accessibility_report $(ACCESSIBILITY_RUNS)

check: $(VENV)/.test
	$(BIN)/black --check --quiet $(SOURCES)
	$(BIN)/isort --check --quiet $(SOURCES)
	$(BIN)/python -m tools.lint $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate_docs --check

fix: $(VENV)/.test
	$(BIN)/black --quiet $(SOURCES)
	$(BIN)/isort --quiet $(SOURCES)
	$(BIN)/python -m tools.generate_docs

fuzz: $(VENV)/.test
	FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest -q tests/http/test_api_document.py --timeout=3600

# With a million accounts and sessions and ten times the events: make bench SCALE=1
# Beside another revision in one run: make bench AGAINST=HEAD~20 ONLY=userinfo,introspection
# With a setting, beside itself without: make bench SETTING=AUTH_SERVE_METRICS__PORT=9464 ONLY=refresh
# What docs/footprint.md says, and whether it grew: make bench ONLY=footprint [WRITE=1]
bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(if $(AGAINST),--against "$(AGAINST)") $(if $(SETTING),--setting "$(SETTING)") $(if $(ONLY),--only "$(ONLY)") \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SCALE),--scale $(SCALE)) $(if $(WRITE),--write)

# Never needed; sign-ins are faster with it: docs/operations.md, "Sign-ins per second".
argon2: $(VENV)/.serve
	$(BIN)/python -m tools.build_argon2

docs: $(VENV)/.test
	$(BIN)/python -m tools.generate_docs

# Only for whoever changes a dependency: ranges in pyproject.toml, pins from here.
lock:
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" --extra dev pyproject.toml \
	  -o requirements-dev.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" --extra otel --extra pkcs11 pyproject.toml \
	  -c requirements-dev.txt -o requirements-extra.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" \
	  tools/build_argon2.in -o tools/build_argon2.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" \
	  -c requirements-dev.txt tests/e2e/requirements.in -o tests/e2e/requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" \
	  -c requirements-dev.txt tests/deploy/requirements.in -o tests/deploy/requirements.txt

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Auth Serve needs Python 3.11 or later"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: requirements.txt | $(BIN)/python $(BIN)/auth-serve
	$(PIP) -r requirements.txt
	@touch $@
	@echo "Commands: $(BIN)/auth-serve --help"

# What a wheel would install, for the code as it stands here.
$(BIN)/auth-serve: | $(BIN)/python
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/python" -m app.cli "$$@"\n' "$(CURDIR)" "$(abspath $(BIN))" > $@
	@chmod +x $@

$(VENV)/.test: requirements-dev.txt | $(BIN)/python $(BIN)/auth-serve
	$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/.serve

$(VENV)/.e2e: tests/e2e/requirements.txt $(VENV)/.test
	$(PIP) -r tests/e2e/requirements.txt
	@touch $@

$(VENV)/.deploy: tests/deploy/requirements.txt $(VENV)/.test
	$(PIP) -r tests/deploy/requirements.txt
	@touch $@
