# make convert           the bundled xxs checkpoint to Core ML and TFLite, then a sample image through both
# make test              the test suite
# make test-hostile      loaders and harness against files that are made wrong on purpose
# make test-keras        the TensorFlow classes
# make test-processes    commands as people type them, signals, processes that die, a browser
# make test-phones       what runs on phones: Swift, Kotlin, Core AI, LiteRT and ONNX Runtime on ARM
# make test-portable     the numeric tests as poorer and richer processors would run them (SHORT=--short: some of them)
# make test-lowest       the test suite with the oldest versions that pyproject.toml admits, in .venv-lowest
# make lint              style and types
# make format            style, mended where a tool can
# make fuzz              thousands of unsound files through every parser (FUZZ="tflite --seconds 600": some of it)
# make deep              more cases of what the test suite holds in fewer
# make benchmark         the tests that take time, apart from the others
# make conformance       all of coremltools' own tests of operations, through validation.mil (over an hour)
# make test-conformance  a sample of them
# make fixtures          what Swift and Kotlin must arrive at, written again: tests/README.md
# make clean             remove the environments and what was built
# Each creates its environment first where it is missing; PYTHON chooses the interpreter it is made from.

PYTHON ?= python3
BIN := .venv/bin
BUILD := build
SAMPLE := reference/demo/sample.png

.PHONY: help convert test test-hostile test-keras test-processes test-phones test-portable test-lowest test-conformance conformance fuzz deep benchmark lint format fixtures clean
.DEFAULT_GOAL := help

help:
	@sed -n -e '/^#/!q' -e 's/^# //p' $(firstword $(MAKEFILE_LIST))

# For Linux on ARM coremltools has no wheel, and what pip builds of its source cannot write packages.
ifeq ($(shell uname -m),aarch64)
CORE_ML = @echo "NOT RUN: converters.coreml: coremltools has no wheel for Linux on ARM"
else
CORE_ML = $(BIN)/python -m converters.coreml --size xxs --output-dir $(BUILD)
PACKAGE = $(BUILD)/mobilevit_xxs_demo_float16.mlpackage
endif

convert: .venv/installed-all
	$(CORE_ML)
	$(BIN)/python -m converters.tflite --size xxs --output-dir $(BUILD)
	$(BIN)/python -m validation classify $(PACKAGE) \
		$(BUILD)/mobilevit_xxs_demo_float16.tflite --image $(SAMPLE)

# A process for each core, up to four, since each takes 2 GB; a file's tests stay together, for what they convert once.
SUITE := python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/$(SUITE)

# Each is a marker of that name.
test-hostile test-keras test-processes test-phones: test-%: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/$(SUITE) -m '$* and not deep'

test-conformance: .venv/installed-dev
	$(BIN)/python -m pytest -m conformance tests/validation/mil/test_conformance.py

test-portable: .venv/installed-dev
	$(BIN)/python -m tests.portable $(SHORT)

test-lowest: .venv-lowest/installed
	OMP_NUM_THREADS=1 .venv-lowest/bin/$(SUITE) -m 'not benchmark and not deep and not phones and not processes and not conformance'

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

deep: .venv/installed-clients
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m deep

# Goes on where it was interrupted; --seconds bounds each parser's time, --mutations their number.
fuzz: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --journal $(BUILD)/fuzz $(FUZZ)

benchmark: .venv/installed-dev
	$(BIN)/python -m pytest -m benchmark -s

conformance: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.conformance --mutations

fixtures: .venv/installed-dev
	$(BIN)/python -m tests.contract
	$(BIN)/python -m tests.android.cases

.venv/installed-all: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	touch $@

.venv/installed-dev: pyproject.toml .venv/installed-all
	$(BIN)/python -m pip install --quiet --editable '.[all,dev]'
	@# Betas, with wheels for few systems (glibc 2.34 on x86, macOS 26): no reason for the others to fail.
	@$(BIN)/python -m pip install --quiet --editable '.[coreai]' || echo "NOT RUN: converters.coreai: no wheels here"
	touch $@

.venv/installed-clients: pyproject.toml .venv/installed-dev
	@$(BIN)/python -m pip install --quiet --editable '.[clients]' || echo "NOT RUN: some of tests/clients: no wheels here"
	touch $@

# PyPI's torch for Linux on x86 takes several GB; uv takes PyTorch's own CPU build with UV_TORCH_BACKEND=cpu.
.venv-lowest/installed: pyproject.toml
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet uv
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable '.[all,dev]'
	touch $@

clean:
	rm -rf $(BUILD) .venv .venv-lowest
