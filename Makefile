# Edge Voice. `make help` lists what there is. Nothing here needs more than Python >= 3.10, make and,
# for what the system must bring, apt. One command a target: longer work is a script in contrib/ or tools/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
TEXT ?= Hello from Edge Voice.
VOICE ?= en_US-heart
PYTHON ?= python3
VENV := .venv
EDGE := $(VENV)/bin/edge
# Exported for the scripts that install, as make itself exports what is typed: DESTDIR, PROVIDER, ONNXRUNTIME, WHEELS.
export PREFIX ?= /opt/edge-voice
export UNITS ?= /usr/lib
EDGE_BIN ?= $(PREFIX)/bin/edge
export BOARD_EXTRAS ?= cpu,audio,piper,hibari
export ORT_DISABLE_TELEMETRY := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup say test test-all coverage test-browser test-cpus test-arm64 count-arm64 test-deb test-vm test-home-assistant lint build bundles kernels wheels serve image container release test-release install install-speech-dispatcher install-kiosk uninstall purge deb clean .quick .arm64

help:  ## list these targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: $(VENV)/.ready  ## make .venv with pinned packages, and install libportaudio2 where we may

$(VENV)/.ready $(VENV)/.speaks: pyproject.toml .ci/constraints.txt edge/kernels/CMakeLists.txt $(wildcard edge/kernels/src/*)
	@contrib/setup $(PYTHON) $(if $(filter %.ready,$@),dev,speaking)
# heart needs a third of the packages.
.quick: $(firstword $(if $(filter-out en_US-heart,$(VOICE)),$(VENV)/.ready) $(wildcard $(VENV)/.ready) $(VENV)/.speaks)
	@$(EDGE) build $(VOICE) --quick --if-needed

say: .quick  ## speak TEXT="..." through the whole real path; hello.wav where there is no sound card
	@$(EDGE) say --local --bundle build/bundles --voice $(VOICE) --fallback hello.wav -- "$$WORDS"
# The text as it was typed: make would expand the $5 in "it costs $5".
say: export WORDS := $(value TEXT)
build: setup  ## build VOICE for this board
	@$(EDGE) build $(VOICE)
bundles: setup  ## build VOICE for every board there is a profile for
	@$(EDGE) build $(VOICE) --profile all

# SKBUILD_WHEEL_CMAKE: what cannot be compiled is an error here; a plain install goes on without it.
kernels: setup  ## compile our int8 operators into .venv (cmake and g++)
	@contrib/apt-packages needed 'compiling the int8 operators' cmake g++ -- env SKBUILD_WHEEL_CMAKE=true $(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .

wheels: setup  ## make dist/*.whl for x86-64 and aarch64 (on Debian 12: for glibc 2.27 and later)
	@contrib/wheels
serve: build  ## run the daemon in the foreground
	@$(EDGE) serve
lint: setup  ## style, types and the import ladder
	@tools/lint.sh

JOBS ?= $(shell expr $$(nproc) + 1)
ARM64 ?= $(HOME)/.cache/edge-voice/arm64
test: setup  ## everything: lint, units, contracts, real voices, a real sound server
	@EDGE_ARM64=$(ARM64) tools/test.sh $(JOBS) $(ARGS)
test-all: setup  ## before a release: make test, with the extras that it skips (2 GB), five times the examples and a minute of fuzzing for each parser
	@EDGE_ARM64=$(ARM64) tools/test-all.sh $(JOBS) $(ARGS)
coverage: setup  ## which branches make test runs: build/coverage/, and a table (docs/design/tests.md); ARGS as there
	@tools/coverage.sh $(JOBS) $(ARGS)

test-browser: setup  ## a real Chromium speaks through speech-dispatcher (docs/use/kiosk.md), and tries the page of `edge http` (docs/use/page.md)
	@contrib/apt-packages needed 'testing with a browser' chromium speech-dispatcher pulseaudio pulseaudio-utils libasound2-plugins -- $(VENV)/bin/python -m pytest -m browser $(ARGS)
test-cpus: setup  ## the tests of graphs and kernels as on PCs with SSE4.2, AVX2, AVX-512 and VNNI; on Intel (docs/design/build.md)
	@tools/test-cpus.sh $(ARGS)

.arm64: setup kernels
	@contrib/apt-packages needed 'emulating ARM' qemu-user mmdebstrap g++-aarch64-linux-gnu gcc libc6-dev -- tests/system/arm64/prepare.sh $(ARM64) $(VENV)/bin/python

test-arm64: .arm64  ## the board's side on emulated Cortex-A53, A72 and A76 (docs/design/arm.md)
	@EDGE_ARM64=$(ARM64) $(VENV)/bin/python -m pytest tests/system/arm64/proof.py $(ARGS)
count-arm64: .arm64  ## instructions per second of audio on those CPUs; half an hour
	@EDGE_ARM64=$(ARM64) $(VENV)/bin/python -m tests.system.arm64.counts

install: setup  ## install for this machine's Python, with units and config: PREFIX, DESTDIR; on a Jetson ONNXRUNTIME=WHEEL or PROVIDER=cpu; as root
	@contrib/install $(PYTHON)
install-speech-dispatcher:  ## screen readers and browsers speak with it: DESTDIR, EDGE_BIN; as root
	@contrib/speech-dispatcher/install '$(EDGE_BIN)'
install-kiosk:  ## the kiosk page and its user unit: DESTDIR; as root
	@contrib/install-kiosk

DEBS ?= amd64 arm64
DEB_PYTHONS ?= 3.10 3.11 3.12 3.13
deb: $(foreach arch,$(DEBS),$(DEB_PYTHONS:%=.deb-$(arch)-%))  ## make dist/*.deb for DEBS and DEB_PYTHONS (3.10 Ubuntu 22.04, 3.11 Debian 12, 3.12 Ubuntu 24.04, 3.13 Debian 13)
.deb-%: wheels
	@contrib/debian/build $(subst -, ,$*)
SUITE ?= bookworm
TREE ?= $(HOME)/.cache/edge-voice/trees/$(SUITE)-clean
test-deb: wheels  ## build the Debian packages, install, upgrade, remove, purge them on a booted Debian 12, or SUITE=trixie; as root
	@tools/test-deb.sh $(SUITE) $(TREE) $(VOICE) $(ARGS)

image: wheels  ## build/images/*.img.xz, to be written to a card for BOARD=rpi3, rpi-zero2w or rpi4: it boots and speaks (docs/install/card.md); as root
	@tools/card.sh '$(BOARD)' $(VOICE)
container: wheels  ## build/images/*.oci.tar, a container image for BOARD=x86-64, rpi5 or another (docs/install/container.md); as root
	@tools/container.sh '$(BOARD)' $(VOICE)
release: setup  ## dist/edge-voice-VERSION: all that people install from, signed with KEY=FILE (docs/install/release.md); as root
	@tools/release.sh $(DEB_PYTHONS)
test-release:  ## install from RELEASE=FOLDER alone on a clean SUITE, by apt and by pip, and speak; as root
	@tools/test-release.sh '$(RELEASE)' $(SUITE) $(TREE)
VM ?= $(HOME)/.cache/edge-voice/vm
test-vm: setup  ## the packages on an emulated Raspberry Pi 5, to the sound that it plays (docs/design/arm.md); as root
	@tools/test-vm.sh $(VM) $(ARGS)
test-home-assistant: setup  ## a real Home Assistant adds the app, lists its voices and streams a text from it (docs/use/integrations.md); as root
	@tools/test-home-assistant.sh $(HOME)/.cache/edge-voice/home-assistant $(ARGS)
uninstall:  ## remove what install put there; the config and installed bundles stay
	@contrib/uninstall remove
purge:  ## remove the config, bundles and user too
	@contrib/uninstall purge

clean:  ## remove what was made here
	rm -rf $(VENV) build dist hello.wav .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
