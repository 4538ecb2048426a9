.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Commands start in half the time when Python may keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
ONCE ?=
N ?= 10000
TIMES ?= 100
# A worker a core and one more, five at most, since servers are waited for (with two more, two cores
# took a third longer); what shares servers goes first (tests/conftest.py).
SIDE_BY_SIDE := --numprocesses $(shell n=$$(nproc); echo $$((n < 4 ? n + 1 : 5))) --dist loadscope --no-loadscope-reorder
STATE ?= .state/demo
PORT_BASE ?= 23000

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: .venv/.demo ## Make .venv with what the demo needs; nothing global

demo: .venv/.demo ## Play the whole story on this machine (ONCE=1: exit 0 or 1 at its end)
	@$(BIN)/maillage demo $(if $(ONCE),--once) --state $(STATE) --port-base $(PORT_BASE)

test: .venv/.dev tools ## Run every test on the real components
	@$(BIN)/pytest -q $(SIDE_BY_SIDE)

unit: .venv/.dev ## Run the fast tests only
	@$(BIN)/pytest -q tests/unit tests/architecture

soak: .venv/.dev ## Ten thousand alerts while everything breaks down (N=10000)
	@MAILLAGE_ALERTS=$(N) $(BIN)/pytest -q tests/e2e/faults/test_random.py

fuzz: .venv/.dev ## Try every property on a hundred times more examples (TIMES=100)
	@MAILLAGE_FUZZ=$(TIMES) $(BIN)/pytest -q -m hypothesis tests/unit --timeout 7200

check: .venv/.dev ## Format, lint, types, layers, sizes, dependencies, YAML
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry .
	@$(BIN)/maillage check
	@$(BIN)/pytest -q tests/architecture

audit: .venv/.dev ## Known flaws of what is installed (asks PyPI; says so when it can't)
	@$(PIP) -e '.[audit]' || { echo "audit: pip-audit can't be installed from here, NOTHING WAS CHECKED"; exit 0; }; \
	rm -f .venv/audit.json; \
	$(BIN)/pip-audit --progress-spinner off --skip-editable --desc off -f json -o .venv/audit.json >/dev/null 2>.venv/audit.log; \
	status=$$?; [ -s .venv/audit.json ] || { echo "audit: PyPI does not answer, NOTHING WAS CHECKED (.venv/audit.log)"; exit 0; }; \
	$(BIN)/python -m json.tool .venv/audit.json | grep -B2 -A6 '"fix_versions"' || echo "audit: no known flaw"; exit $$status

# -P: else tests/support/bridges.py would pass for the package of that name.
acceptance: .venv/.dev tools ## Print which acceptance sentences hold
	@$(BIN)/python -P tests/support/acceptance.py

screenshots: .venv/.dev tools ## Take again the pictures of the console that the guides show
	@$(BIN)/python -P tests/support/pictures.py

clean: ## Remove .venv and the demo's state
	rm -rf .venv .state

tools:
	@need=""; command -v docker-compose >/dev/null || need="$$need docker-compose"; \
	command -v chromium >/dev/null || need="$$need chromium"; \
	[ -x /usr/sbin/bearerbox ] || need="$$need kannel"; \
	command -v gammu-smsd >/dev/null || need="$$need gammu-smsd"; \
	command -v pdfsig >/dev/null || need="$$need poppler-utils"; \
	[ -z "$$need" ] || { echo "apt-get install$$need"; $(SUDO) apt-get update -qq && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need >/dev/null; }
	@[ -x .venv/tools/usr/bin/promtool -a -x .venv/tools/usr/bin/caddy -a -x .venv/tools/usr/bin/gammu-smsd ] || { \
	mkdir -p .venv/tools && cd .venv/tools && apt-get download -qq prometheus caddy gammu-smsd && \
	for package in *.deb; do dpkg -x "$$package" . && rm "$$package"; done; }

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python ≥ 3.11 needed"; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; \
	echo "python3-venv is missing: apt-get install python3-venv"; $(SUDO) apt-get update -qq && \
	$(SUDO) apt-get install -y -qq python3-venv >/dev/null && $(PYTHON) -m venv .venv; }

.venv/.demo: pyproject.toml | .venv/bin/pip
	@echo "Installing Maillage in .venv (a minute or two the first time)…"
	@$(PIP) -e '.[demo]'
	@$(BIN)/python -m compileall -q appservice bridges
	@$(BIN)/maillage check >/dev/null # learns from the examples, once
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/pip
	@echo "Installing Maillage and its test tools in .venv…"
	@$(PIP) -e '.[dev]'
	@$(BIN)/python -m compileall -q appservice bridges
	@$(BIN)/maillage check >/dev/null
	@touch $@ .venv/.demo

.PHONY: help setup demo test unit soak fuzz check audit acceptance screenshots clean tools
