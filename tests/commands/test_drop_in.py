"""The board's own part of the service."""

from __future__ import annotations

from dataclasses import replace

from edge.commands.drop_in import drop_in
from edge.machine import Machine
from edge.profile import load_profile

RK3588 = Machine("aarch64", ("rockchip,rk3588",), "Rock 5B", frozenset(), 8, (4, 5, 6, 7), 8192)


def test_slow_cores_are_left_alone() -> None:
    assert "CPUAffinity=4 5 6 7\n" in drop_in(load_profile("rk3588"), RK3588)
    same = replace(RK3588, big_cores=tuple(range(8)))
    assert "CPUAffinity" not in drop_in(load_profile("rk3588"), same)


def test_memory_is_bounded_by_the_budget_and_by_the_machine() -> None:
    profile = load_profile("rpi-zero2w")
    assert "MemoryMax=450M\n" in drop_in(profile, RK3588)
    assert "MemoryMax=312M\n" in drop_in(profile, replace(RK3588, memory_mb=416))
