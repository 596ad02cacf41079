# Edge Voice. `make help` lists what there is. Nothing here needs more than Python >= 3.10, make and,
# for what the system must bring, apt.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TEXT ?= Hello from Edge Voice.
VOICE ?= en_US-joe-medium
PYTHON ?= python3
VENV := .venv
EDGE := $(VENV)/bin/edge
PREFIX ?= /opt/edge-voice
UNITS ?= /usr/lib
EDGE_BIN ?= $(PREFIX)/bin/edge
BOARD_EXTRAS ?= cpu,audio,piper,hibari
export ORT_DISABLE_TELEMETRY := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call apt,packages,why): install through apt where we may, else print the command.
define apt
	@missing=""; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  run="apt-get install -y --no-install-recommends$$missing"; \
	  if ! command -v apt-get >/dev/null; then echo "Needed for $(2):$$missing. Install them with your package manager."; $(3); \
	  elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$run >/dev/null; \
	  elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive $$run >/dev/null; \
	  else echo "Needed for $(2): sudo $$run"; $(3); fi; fi
endef

.PHONY: help setup say test test-all coverage test-browser test-cpus test-arm64 count-arm64 test-deb test-vm lint build bundles kernels wheels serve install install-speech-dispatcher install-kiosk uninstall purge deb clean

help:  ## list these targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: $(VENV)/.ready  ## make .venv with pinned packages, and install libportaudio2 where we may

$(VENV)/.ready: pyproject.toml .ci/constraints.txt edge/kernels/CMakeLists.txt $(wildcard edge/kernels/src/*)
	$(call apt,libportaudio2 libsonic0,playing through the sound card and speaking fast,true)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or later is needed; $(PYTHON) is $$($(PYTHON) -V)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { true; $(MAKE) --no-print-directory .venv-package; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing packages into $(VENV) ..."
	@$(VENV)/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev]'
	@$(VENV)/bin/python -c 'from edge import kernels; kernels.library_path() or print("No compiler, so the fast int8 operators are missing. To have them:", kernels.how_to_build())'
	@touch $@

.PHONY: .venv-package
.venv-package:
	$(call apt,python3-venv,making a virtual environment,exit 1)

say: setup  ## speak TEXT="..." through the whole real path; hello.wav where there is no sound card
	@$(EDGE) build $(VOICE) --only fp32 --if-needed
	@$(EDGE) say --local --bundle build/bundles --voice $(VOICE) --fallback hello.wav -- "$$WORDS"
# The text as it was typed: make would expand the $5 in "it costs $5".
say: export WORDS := $(value TEXT)

build: setup  ## build VOICE for this board
	@$(EDGE) build $(VOICE)

bundles: setup  ## build VOICE for every board there is a profile for
	@$(EDGE) build $(VOICE) --profile all

# SKBUILD_WHEEL_CMAKE: what cannot be compiled is an error here; a plain install goes on without it.
kernels: setup  ## compile our int8 operators into .venv (cmake and g++)
	$(call apt,cmake g++,compiling the int8 operators,exit 1)
	@SKBUILD_WHEEL_CMAKE=true $(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .

wheels: setup  ## make dist/*.whl for x86-64 and aarch64 (on Debian 12: for glibc 2.27 and later)
	$(call apt,cmake g++ g++-aarch64-linux-gnu,compiling for both kinds of board,exit 1)
	@rm -rf build/wheels dist/*.whl
	@for arch in x86_64 aarch64; do \
	  SKBUILD_WHEEL_CMAKE=true SKBUILD_WHEEL_TAGS=py3-none-linux_$$arch \
	  CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$$arch -DCMAKE_CXX_COMPILER=$$arch-linux-gnu-g++" \
	  $(VENV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheels . && \
	  $(VENV)/bin/auditwheel repair --patcher none --wheel-dir dist build/wheels/*_$$arch.whl || exit 1; \
	  ls dist/*-manylinux_2_2[0-8]_$$arch.whl || { echo "The wheel for $$arch asks for a newer system than manylinux_2_28. Compile with Debian 12's gcc 12."; exit 1; }; \
	done

serve: build  ## run the daemon in the foreground
	@$(EDGE) serve

lint: setup  ## style, types and the import ladder
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports && $(VENV)/bin/python -m tools.docstrings

# One worker more than cores: the tests at a real clock's pace mostly wait. JOBS=0: in one process.
JOBS ?= $(shell expr $$(nproc) + 1)
PARALLEL = --numprocesses $(JOBS) --dist loadscope --no-loadscope-reorder

test: setup  ## everything: lint, units, contracts, real voices, a real sound server
	$(call apt,pulseaudio pulseaudio-utils libasound2-plugins strace openssh-client iproute2 socat cmake g++ systemd systemd-container speech-dispatcher faketime,testing through a real sound server,exit 1)
	-$(call apt,$(if $(filter x86_64,$(shell uname -m)),qemu-user mmdebstrap g++-aarch64-linux-gnu),testing on emulated ARM,true)
	@EDGE_ARM64=$(ARM64) $(VENV)/bin/python -m pytest $(PARALLEL) $(ARGS)

# What the skips of make test are about; Resemblyzer is not among it: its dependencies are 5 GB.
test-all: setup  ## before a release: make test, with the extras that it skips (2 GB), five times the examples and a minute of fuzzing for each parser
	@$(VENV)/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev,quality,cosyvoice3,tensorrt-check]'
	@$(MAKE) --no-print-directory test ARGS="--hypothesis-profile=release $(ARGS)"
	@$(VENV)/bin/python -m tests.fuzz

# Branches of edge/, in children too; half an hour, because each line costs a little.
coverage: setup  ## which branches make test runs: build/coverage/, and a table (docs/design/tests.md); ARGS as there
	@$(VENV)/bin/python -m pip install --quiet --constraint .ci/constraints.txt coverage
	@rm -rf build/coverage && mkdir -p build/coverage
	-@$(VENV)/bin/python -m coverage run -m pytest $(PARALLEL) $(ARGS)
	@$(VENV)/bin/python -m coverage combine --quiet && $(VENV)/bin/python -m coverage json --quiet && $(VENV)/bin/python -m coverage report

test-browser: setup  ## a real Chromium speaks through speech-dispatcher (docs/use/kiosk.md)
	$(call apt,chromium speech-dispatcher pulseaudio pulseaudio-utils libasound2-plugins,testing with a browser,exit 1)
	@$(VENV)/bin/python -m pytest -m browser $(ARGS)

GRAPHS := tests/kernels tests/bundler tests/bench tests/contracts tests/test_profiles.py $(wildcard tests/synth/test_cosyvoice3_*.py)
test-cpus: setup  ## the tests of graphs and kernels as on PCs with SSE4.2, AVX2, AVX-512 and VNNI; on Intel (docs/design/build.md)
	$(call apt,qemu-user cmake g++,testing on lesser CPUs,exit 1)
	@$(VENV)/bin/python -m tests.cpus all -- $(VENV)/bin/python -m pytest -q $(GRAPHS) $(ARGS)

ARM64 ?= $(HOME)/.cache/edge-voice/arm64
.PHONY: .arm64
.arm64: setup kernels
	$(call apt,qemu-user mmdebstrap g++-aarch64-linux-gnu gcc libc6-dev,emulating ARM,exit 1)
	@tests/system/arm64/prepare.sh $(ARM64) $(VENV)/bin/python

test-arm64: .arm64  ## the board's side on emulated Cortex-A53, A72 and A76 (docs/design/arm.md)
	@EDGE_ARM64=$(ARM64) $(VENV)/bin/python -m pytest tests/system/arm64/proof.py $(ARGS)

count-arm64: .arm64  ## instructions per second of audio on those CPUs; half an hour
	@EDGE_ARM64=$(ARM64) $(VENV)/bin/python -m tests.system.arm64.counts

# Maintainer scripts know /opt/edge-voice; another PREFIX is put in its place.
# CMake would put the operators under DESTDIR too, past the wheel: pip must not see it.
SCRIPT = sed 's|/opt/edge-voice|$(PREFIX)|g' contrib/debian/$(1) | sh -s

install: setup  ## install for this machine's Python, with units and config: PREFIX, DESTDIR; on a Jetson ONNXRUNTIME=WHEEL or PROVIDER=cpu; as root
	@[ "$$($(PYTHON) -c 'import struct; print(struct.calcsize("P"))')" = 8 ] || { echo "64-bit only: install a 64-bit operating system"; exit 1; }
	@python=python$$($(VENV)/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); lib="$(DESTDIR)$(PREFIX)/lib/$$python"; \
	[ -x "/usr/bin/$$python" ] || { echo "$(VENV) is of $$python, which is not in /usr/bin: make clean, then make install PYTHON=/usr/bin/python3"; exit 1; }; \
	mkdir -p "$$(dirname "$$lib")" && \
	env -u DESTDIR -u MAKEFLAGS PYTHONPATH=. $(VENV)/bin/python contrib/install-packages "$$lib" '$(BOARD_EXTRAS)' --provider '$(PROVIDER)' --onnxruntime '$(ONNXRUNTIME)' --wheels '$(WHEELS)'
	@$(MAKE) --no-print-directory install-files
	@[ -n "$(DESTDIR)" ] || $(call SCRIPT,postinst) configure

install-speech-dispatcher:  ## screen readers and browsers speak with it: DESTDIR, EDGE_BIN; as root
	@mkdir -p $(DESTDIR)/usr/lib/speech-dispatcher-modules
	@printf '#!/bin/sh\nexec %s speech-dispatcher-module "$$@"\n' '$(EDGE_BIN)' >$(DESTDIR)/usr/lib/speech-dispatcher-modules/sd_edge_voice
	@chmod 755 $(DESTDIR)/usr/lib/speech-dispatcher-modules/sd_edge_voice
	@install -Dm644 -t $(DESTDIR)/etc/speech-dispatcher contrib/speech-dispatcher/edge-voice.conf
	@echo 'To make it the default voice, add to /etc/speech-dispatcher/speechd.conf: Include "edge-voice.conf"'

install-kiosk:  ## the kiosk page and its user unit: DESTDIR; as root
	@install -Dm644 -t $(DESTDIR)$(PREFIX)/share docs/use/kiosk.html
	@mkdir -p $(DESTDIR)$(UNITS)/systemd/user
	@sed 's|/opt/edge-voice|$(PREFIX)|' systemd/user/edge-kiosk.service >$(DESTDIR)$(UNITS)/systemd/user/edge-kiosk.service

DEBS ?= amd64 arm64
DEB_PYTHONS ?= 3.10 3.11 3.12 3.13
deb: wheels  ## make dist/*.deb for DEBS and DEB_PYTHONS (3.10 Ubuntu 22.04, 3.11 Debian 12, 3.12 Ubuntu 24.04, 3.13 Debian 13)
	@for arch in $(DEBS); do for python in $(DEB_PYTHONS); do contrib/debian/build $$arch $$python || exit 1; done; done

# A clean tree of the suite, with lists of its packages and without libportaudio2 (Ubuntu's need its keyring).
SUITE ?= bookworm
TREE ?= $(HOME)/.cache/edge-voice/trees/$(SUITE)-clean
TREE_PYTHON = $$(basename "$$(readlink $(TREE)/usr/bin/python3)" | sed s/python//)
test-deb: wheels  ## build the Debian packages, install, upgrade, remove, purge them on a booted Debian 12, or SUITE=trixie; as root
	$(call apt,systemd systemd-container dbus lintian shellcheck mmdebstrap,trying the packages,exit 1)
	@[ -e $(TREE)/usr/bin/python3 ] || mmdebstrap --quiet --mode=root --variant=minbase --skip=cleanup/apt/lists --include=systemd-sysv,dbus,python3,apt $(SUITE) $(TREE)
	@mkdir -p build/test-deb && rm -f build/test-deb/*.deb
	@shellcheck contrib/edge.sh contrib/debian/{build,offline,voice,preinst,postinst,prerm,postrm,phonemizer.prerm} contrib/pi-gen/stage-edge-voice/*.sh contrib/pi-gen/stage-edge-voice/00-install/*.sh tests/system/vm/image.sh
	@$(EDGE) build $(VOICE) --profile x86-64 --if-needed
	@export OUT=build/test-deb COMPRESSION="-Zgzip -z1"; contrib/debian/build amd64 $(TREE_PYTHON) && contrib/debian/voice build/bundles/$(VOICE)--x86-64 && \
	  contrib/debian/offline $(SUITE) amd64 build/test-deb/edge-voice-*-x86-64_*.deb
	@lintian --fail-on error,warning build/test-deb/*.deb
	@EDGE_DEBS=build/test-deb/$(SUITE)-amd64 EDGE_TREE=$(TREE) $(VENV)/bin/python -m pytest tests/system/systemd/packages.py $(ARGS)

VM ?= $(HOME)/.cache/edge-voice/vm
test-vm: setup  ## the packages on an emulated Raspberry Pi 5, to the sound that it plays (docs/design/arm.md); as root
	$(call apt,qemu-system-arm ipxe-qemu qemu-user-static mmdebstrap arch-test device-tree-compiler e2fsprogs,emulating a board,exit 1)
	@$(MAKE) --no-print-directory deb DEBS=arm64 DEB_PYTHONS=3.11
	@$(EDGE) build en_US-joe-medium --profile rpi5 --if-needed && contrib/debian/voice build/bundles/en_US-joe-medium--rpi5
	@$(VENV)/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev,quality]'
	@tests/system/vm/image.sh $(VM)/image
	@EDGE_VM=$(VM) $(VENV)/bin/python -m pytest tests/system/vm/proof.py $(ARGS)

.PHONY: install-files
install-files:
	@install -Dm755 contrib/edge.sh $(DESTDIR)$(PREFIX)/bin/edge
	@mkdir -p $(DESTDIR)/usr/bin && ln -sfn $(PREFIX)/bin/edge $(DESTDIR)/usr/bin/edge
	@install -Dm644 -t $(DESTDIR)$(UNITS)/systemd/system systemd/edge-voice{,-http,-wyoming}.{socket,service}
	@install -Dm644 -t $(DESTDIR)$(UNITS)/systemd/user systemd/user/edge-voice.socket systemd/user/edge-voice.service
	@sed -i 's|/opt/edge-voice|$(PREFIX)|g' $(DESTDIR)$(PREFIX)/bin/edge $(DESTDIR)$(UNITS)/systemd/*/edge-voice*.service
	@set -o pipefail; $(VENV)/bin/python -m tools.completion | install -Dm644 /dev/stdin $(DESTDIR)/usr/share/bash-completion/completions/edge
	@install -Dm644 systemd/edge-voice.sysusers $(DESTDIR)/usr/lib/sysusers.d/edge-voice.conf
	@install -Dm644 systemd/edge-voice.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/edge-voice.conf
	@install -Dm644 systemd/edge-voice.preset $(DESTDIR)/usr/lib/systemd/system-preset/80-edge-voice.preset
	@install -Dm644 systemd/jetson.conf $(DESTDIR)$(PREFIX)/share/jetson.conf
	@[ -e $(DESTDIR)/etc/edge-voice/config.yaml ] || install -Dm644 systemd/config.yaml $(DESTDIR)/etc/edge-voice/config.yaml

.PHONY: .removed
.removed:
	@[ -n "$(DESTDIR)" ] || $(call SCRIPT,prerm) remove
	@rm -rf $(DESTDIR)$(PREFIX) $(DESTDIR)/usr/bin/edge $(DESTDIR)$(UNITS)/systemd/*/edge-voice{,-http,-wyoming}.{service,socket} \
	  $(DESTDIR)/usr/share/bash-completion/completions/edge \
	  $(DESTDIR)/usr/lib/sysusers.d/edge-voice.conf $(DESTDIR)/usr/lib/tmpfiles.d/edge-voice.conf \
	  $(DESTDIR)/usr/lib/systemd/system-preset/80-edge-voice.preset $(DESTDIR)$(UNITS)/systemd/user/edge-kiosk.service \
	  $(DESTDIR)/usr/lib/speech-dispatcher-modules/sd_edge_voice $(DESTDIR)/etc/speech-dispatcher/edge-voice.conf

uninstall: .removed  ## remove what install put there; the config and installed bundles stay
	@[ -n "$(DESTDIR)" ] || $(call SCRIPT,postrm) remove

purge: .removed  ## remove the config, bundles and user too
	@rm -rf $(DESTDIR)/etc/edge-voice
	@[ -n "$(DESTDIR)" ] || $(call SCRIPT,postrm) purge

clean:  ## remove what was made here
	rm -rf $(VENV) build dist hello.wav .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
