# Each command does its own set-up. All that a fresh machine needs is make and Python 3.11 or newer with its venv module.
#   make demo     measure this workstation against itself for 30 s, reports in results/
#   make test     all tests        make lint     style, types, layers        make bench     speed, as ratios        make fuzz      mutated datagrams
#   make explore  the tests by property, with new examples each time
#   make soak     does a reflector grow that answers for 20 minutes?
# Another Python: make PYTHON=python3.13 test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test explore lint bench fuzz soak
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(BIN)/nra run --region local --org Demo --out results

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal

explore: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal --timeout=0 -m hypothesis --hypothesis-profile=exploring

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed
	$(BIN)/python benchmarks

soak: $(VENV)/installed
	$(BIN)/python benchmarks/soak.py

# ten million mutated datagrams; for one decoder by coverage: tests/fuzz/coverage_guided.py
fuzz: $(VENV)/installed-dev
	$(BIN)/python tests/fuzz/mutate.py

# pip is the last thing that venv makes: without it the environment is not whole
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.x" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/pip
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --editable .
	@touch $@

# scapy (extra "lab") is a second opinion on packet formats; no test needs it, and nothing that is shipped may (docs/decisions/0004)
$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install --editable '.[lab,quic,responders,metrics,parquet,signatures,stick]' --group dev
	@touch $@
