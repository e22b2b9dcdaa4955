# Thin on purpose: each target makes the virtual environment ready and hands over to manage.py or a tool.

VENV := .venv
PY := $(VENV)/bin/python
CORE := $(VENV)/.core
DEV := $(VENV)/.dev

.PHONY: run test test-all bench lint doctor
.DEFAULT_GOAL := run

# exec: Ctrl-C and SIGTERM reach the supervisor itself.
run: $(CORE)
	@exec $(PY) manage.py up

doctor: $(CORE)
	@exec $(PY) manage.py doctor

test: $(DEV)
	@exec $(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

test-all: $(DEV)
	@exec $(PY) -m tests.lanes $(ARGS)

bench: $(DEV)
	@exec $(PY) -m bench $(ARGS)

lint: $(DEV)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .

# The stamps are newer than the requirements they were installed from.
$(CORE): requirements.txt .ci/venv
	@.ci/venv $(VENV)
	@$(PY) -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(CORE)
	@$(PY) -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt
	@touch $@
