#!/usr/bin/env bash
# Run the tests whose verdict could depend on a CPU's instructions as on lesser PCs: `make test-cpus` calls this.
#   tools/test-cpus.sh [PYTEST ARGUMENT...]      MODEL=Haswell, as tests/cpus names them; all if unset
set -euo pipefail
cd "$(dirname "$0")/.."
contrib/apt-packages needed 'testing on lesser CPUs' qemu-user cmake g++
build=tests/bundler/test_pipeline.py families=tests/contracts/test_families.py cosyvoice3=tests/synth/test_cosyvoice3_voice.py
tests=(
  # Our operators: every path that the model has, against the scalar reference and numpy.
  tests/kernels/test_kernels.py tests/kernels/test_kernel_gate.py tests/bundler/test_fused_encoder.py
  # onnxruntime's integers and floats, in every recipe of every family.
  tests/kernels/test_cpus.py tests/bundler/test_quantize.py tests/bundler/test_fused.py tests/bundler/test_fused_hibari.py
  tests/bundler/test_cosyvoice3_files.py::test_a_layer_in_fewer_bits_says_nearly_the_same
  # The rebuilt graphs beside the original ones.
  tests/bundler/test_export_piper.py tests/bundler/test_export_hibari.py tests/kernels/test_kernel_bench.py
  # What a build measures and packs; what this model built, carried to every other.
  "$build::test_what_can_be_packed_is_measured_and_the_rest_is_not_made"
  "$build::test_the_same_inputs_give_the_same_bytes" "$build::test_two_dimensional_convolutions_say_the_same"
  tests/contracts/test_recipes.py tests/kernels/test_cpus_bundle.py
  # What is spoken: beside piper-tts, and by every family within the limits of the self-test.
  tests/synth/test_piper_voice.py
  "$families::test_a_board_installs_what_was_built" "$families::test_chunks_are_finite_float32_in_range"
  "$families::test_equal_seeds_give_equal_samples" "$families::test_interleaved_generators_do_not_hear_each_other"
  "$cosyvoice3::test_streaming_says_what_one_run_in_blocks_says"
  "$cosyvoice3::test_windows_of_a_second_are_as_good_as_the_whole"
  # What is found here, and what a bundle of before becomes.
  tests/test_profiles.py::test_this_machine_is_recognised tests/bundle/test_kept_bundles.py
)
# Verdicts, reports, downloads, texts: numbers are given to them, and make test holds those on any CPU. So it does what
# QEMU emulates, and the CPUs that test_cpus.py masks by itself.
left='emulated or (test_cpus.py and hidden)'
exec .venv/bin/python -m tests.cpus "${MODEL:-all}" -- .venv/bin/python -m pytest -q -k "not ($left)" "${tests[@]}" "$@"
