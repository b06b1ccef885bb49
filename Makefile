# The project's habits, one target each; `make` alone lists them.
# Everything is installed into .venv from host/pyproject.toml, and only when that file has changed.

VENV := .venv
READY := $(VENV)/.ready
STUBS := .build/stubs
STUBS_READY := $(STUBS)/.ready
EMULATOR := .build/emulator.ready
STUBS_PACKAGE := micropython-rp2-rpi_pico-stubs>=1.26
PY := $(VENV)/bin/python
PORT ?=
DASK ?=
COUNT ?=
SEED ?=
PYTEST_ARGS ?=

# MicroPython has wheels for Python 3.11 to 3.13: one of those is preferred to a newer one.
PYTHON ?= $(shell for newest in 13 99; do for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $$newest))" 2>/dev/null \
	&& { echo $$name; exit; }; done; done)

.DEFAULT_GOAL := help
.PHONY: help demo test test-board trace lint bench campaign campaign-exact campaign-faults campaign-bitflips campaign-power fuzz flash docs tour clean campaign-board bench-board board

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY)  ## play a month of therapy on a virtual pump and write its report
	@$(VENV)/bin/pumpctl demo

test: $(READY)  ## run every test (PYTEST_ARGS="-k name" for some)
	@$(PY) -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

test-board: $(READY)  ## run the tests marked on_chip, and those of the board, on an emulated RP2040 (PUMP_UF2=image.uf2)
	@$(PY) -m pytest -n 2 --dist worksteal -rs --chip rp2040 $(wildcard tests/board) tests/system $(PYTEST_ARGS)

trace: $(READY)  ## print each case with its code, its tests and how they ended in the last run
	@$(PY) -m pumpctl.trace

lint: $(READY) $(STUBS_READY)  ## check style and types of host, firmware and tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --config-file .mypy.ini
	$(VENV)/bin/mypy --config-file firmware/.mypy.ini firmware

bench: $(READY)  ## measure the virtual pump's speed and the firmware's cost
	@$(PY) tests/bench/run.py

bench-board: $(EMULATOR)  ## measure the firmware on an emulated RP2040 (PUMP_UF2=... names its image)
	@$(PY) tests/bench/board.py

board: $(EMULATOR)  ## build the RP2040 emulator for this Python: about three times as fast as its wheel

campaign: campaign-exact campaign-faults campaign-bitflips campaign-power  ## all four; DASK=tcp://... plays them on a cluster

campaign-exact: $(READY)  ## play 20000 random therapies, each microstep held against exact arithmetic
	@$(PY) tests/campaign/exact.py $(if $(DASK),--dask $(DASK))

campaign-faults: $(READY)  ## play random therapies with random faults through years of virtual time
	@$(PY) tests/campaign/faults.py $(if $(DASK),--dask $(DASK))

campaign-bitflips: $(READY)  ## flip 10000 random bits in memory and in stored files while therapy runs
	@$(PY) tests/campaign/bitflips.py $(if $(DASK),--dask $(DASK))

campaign-power: $(READY)  ## cut the power at every flash operation of a script, thousands of times
	@$(PY) tests/campaign/power.py $(if $(DASK),--dask $(DASK))

campaign-board: $(READY)  ## cut the power of the emulated chip at 240 flash operations (needs an image of MicroPython)
	@$(PY) tests/campaign/board_cuts.py $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

fuzz: $(READY)  ## flood pumps that infuse with a million malformed frames (COUNT=... SEED=... for others)
	@$(PY) tests/campaign/fuzz.py $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(DASK),--dask $(DASK))

flash: $(READY)  ## put the firmware on a Pico (PORT=... when there are several)
	@$(VENV)/bin/pumpctl flash $(if $(PORT),--port $(PORT))

docs: $(READY)  ## write the generated tables and the package list from the declarations
	@$(PY) -m pumpctl.docs firmware

tour: $(READY)  ## make the pictures of host/tour anew (needs tmux and Chromium)
	@$(PY) tests/tour/pictures.py host/tour

clean:  ## remove everything that the other targets made
	rm -rf $(VENV) .build .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find firmware host tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): host/pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is not Python 3.11 or newer: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV): once, about a minute"
	@test -x $(PY) || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: python3-venv)" >&2; exit 1; }
	@$(PY) -m pip install --disable-pip-version-check --editable './host[dev]'
	@touch $@

$(EMULATOR): $(READY)
	@echo "Building the emulator: once, a minute or two"
	@$(PY) tests/support/build_emulator.py
	@mkdir -p $(@D) && touch $@

$(STUBS_READY): $(READY)
	@echo "Fetching MicroPython's type stubs into $(STUBS)"
	@$(PY) -m pip install --disable-pip-version-check --quiet --upgrade --target $(STUBS) "$(STUBS_PACKAGE)"
	@touch $@
