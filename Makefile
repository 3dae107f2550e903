# The whole set-up: `make run` and `make test` on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
SBOM   ?= dist/televote.cdx.json

.PHONY: help run demo nodes test lint bytecode docs bench pictures soak sbom lock clean
help:
	@echo "make run    serve the sample campaign on http://127.0.0.1:8080 (data in var/)"
	@echo "make demo   play a whole campaign, from nominations to checked export, in about a minute"
	@echo "make nodes  play two nodes behind nginx, one of them killed under load (needs nginx)"
	@echo "make test   lint, types, import rules, tests"
	@echo "make docs   write what the kinds of source say of themselves into docs/sources.md"
	@echo "make bench  measure against a no-op server (QUICK=1: under a minute)"
	@echo "make soak   the long campaigns: crash, fuzz"
	@echo "make sbom   write what is installed, as CycloneDX has it, into $(SBOM)"
	@echo "make pictures  the pictures in docs/img, anew (needs Chromium)"

# Two stamps: what serving needs, and what testing adds. Both come from locks with hashes.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/televote.pth"
	@printf '#!%s\nfrom gateway.cli import main\nmain()\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/televote && chmod +x $(BIN)/televote
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/.runtime
	@$(BIN)/python -m gateway sample

demo: $(VENV)/.runtime
	@$(BIN)/python -m gateway demo

nodes: $(VENV)/.dev
	@$(BIN)/python -m tests.deploy

test: lint bytecode
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Dockerfile

# Tests start some hundreds of processes. Where PYTHONDONTWRITEBYTECODE is set, as images do, each would
# compile all of it anew, and take half as long again to start.
bytecode: $(VENV)/.runtime
	$(BIN)/python -m compileall -q config dedup gateway tally tests bench

docs: $(VENV)/.runtime
	@$(BIN)/python -m gateway sources --into docs/sources.md

bench: $(VENV)/.runtime
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

pictures: $(VENV)/.dev
	$(BIN)/python -m tests.browser.pictures

soak: $(VENV)/.dev bytecode
	$(BIN)/python -m pytest -n auto -m soak --timeout 3600

# The lock knows nothing of who needs whom: the tool warns of that, and is right.
sbom: $(VENV)/.dev
	@mkdir -p $(dir $(SBOM))
	@PYTHONWARNINGS=ignore::UserWarning $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
		--output-reproducible -o $(SBOM)

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q --extra pdf --extra postgres pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) var dist
