# The two commands of a fresh machine are `make vm` and `make test`; both install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= examples/webserver.nix
# The language runs on the machine's Python and on the target's, which osconf brings where the machine has none.
OTHER_PYTHON ?= python3.13
LANGUAGE_TESTS := tests/unit/lang tests/lang tests/unit/module_system tests/modules
export OSCONF_STORE ?= $(CURDIR)/.cache/store

# What the programs need of the machine: QEMU, a signature checker with Debian's keys, and a real nix to compare with.
RUN_PACKAGES := python3-venv gpgv debian-archive-keyring openssh-client qemu-system-x86 qemu-utils
TEST_PACKAGES := $(RUN_PACKAGES) nix-bin strace gcc python3-dev libsystemd-dev pkg-config e2fsprogs dpkg-dev grub-common
# What the generated pages are read with.
PAGE_PACKAGES := chromium groff

.PHONY: help setup setup-test vm test test-all test-lang check bench tables docs clean
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(VENV)/.run ## install what running needs
setup-test: $(VENV)/.test ## install what the tests need

$(VENV)/.run: pyproject.toml Makefile
	@tools/install-packages $(RUN_PACKAGES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@$(BIN)/python -m osconf.rebuild.precompile
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@tools/install-packages $(TEST_PACKAGES)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,host]'
	@touch $@

vm: setup ## build CONFIG and boot it in QEMU on this terminal; ssh is at port 2222, what CONFIG forwards where it says
	$(BIN)/osconf build-vm -c $(CONFIG) -o .cache/vm
	@echo 'Ctrl-a x ends the machine; its disk stays here as NAME.qcow2'
	OSCONF_VM_HEADLESS=1 QEMU_NET_OPTS="$${QEMU_NET_OPTS-hostfwd=tcp:127.0.0.1:2222-:22}" sh -c 'exec .cache/vm/bin/run-*-vm'

test: setup-test ## unit, functional and VM tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow" -rs --durations=15

test-all: setup-test ## everything, the long ones too
	@tools/install-packages $(PAGE_PACKAGES)
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -rs --durations=30

test-lang: setup-test ## the tests of language, modules and library, long ones too, on OTHER_PYTHON as well
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -rs $(LANGUAGE_TESTS)
	tools/test-other-python $(OTHER_PYTHON) $(LANGUAGE_TESTS)

check: setup-test ## linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-test ## measure beside the peer; NIXPKGS=PATH compares with nixpkgs' lib too
	NIXPKGS=$(NIXPKGS) $(BIN)/python -m pytest tests/bench -m "" --run-bench -rs

tables: setup-test ## regenerate the parser's tables and the index of builtins
	$(BIN)/python -m osconf.lang.generate_tables
	$(BIN)/python -m osconf.lang.primops.generate_index

docs: setup-test ## generate the references
	$(BIN)/python -m osconf.cli.reference docs/reference

clean: ## forget what was built; downloads stay
	chmod -R u+w .cache 2>/dev/null || true
	rm -rf .cache result
