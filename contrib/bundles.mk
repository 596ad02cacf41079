# Voices x boards, each bundle a target: make -j4 -f contrib/bundles.mk VOICES="..." BOARDS="..." CACHE=DIR
EDGE ?= .venv/bin/edge
CACHE ?= $(HOME)/.cache/edge-voice
OUT ?= build/bundles
BUNDLES = $(foreach voice,$(VOICES),$(foreach board,$(BOARDS),$(OUT)/$(voice)--$(board)))

all: $(BUNDLES)
.PHONY: all
$(BUNDLES):
	$(EDGE) build $(firstword $(subst --, ,$(@F))) --profile $(lastword $(subst --, ,$(@F))) --out $(OUT) --cache $(CACHE)
