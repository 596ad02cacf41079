"""A pytest plugin that says where a run's time goes: `make test ARGS="-p tests.helpers.costs"`.

CPU seconds, of the tests' processes and of the children that they waited for, do not grow where a
machine is busy. A child that outlives its test (a sound server) is counted where it is waited for.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass

import pytest

WIDEST = 25
"""Files that have a row of their own."""
CPU = "cpu seconds"


@dataclass
class Cost:
    tests: int = 0
    cpu: float = 0.0
    """Seconds."""
    wall: float = 0.0
    """Seconds."""

    def __str__(self) -> str:
        return f"{self.cpu:8.1f}{self.wall:8.1f}{self.tests:7}"


_costs: defaultdict[str, Cost] = defaultdict(Cost)


def _spent() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _measured(item: pytest.Item) -> Generator[None, object, object]:
    before = _spent()
    try:
        return (yield)
    finally:
        item.user_properties.append((CPU, _spent() - before))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _measured(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _measured(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _measured(item))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    cost = _costs[report.nodeid.split("::")[0]]
    cost.wall += report.duration
    if report.when == "teardown":  # it carries what all three steps cost
        cost.tests += 1
        cost.cpu += sum(value for name, value in report.user_properties if name == CPU)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("cost by file")
    terminalreporter.line("   CPU s  wall s  tests  file")
    rows = sorted(_costs.items(), key=lambda row: -row[1].cpu)
    for file, cost in rows[:WIDEST]:
        terminalreporter.line(f"{cost}  {file}")
    for name, some in ((f"{len(rows[WIDEST:])} others", rows[WIDEST:]), ("all", rows)):
        costs = [cost for _, cost in some]
        total = Cost(
            sum(c.tests for c in costs), sum(c.cpu for c in costs), sum(c.wall for c in costs)
        )
        terminalreporter.line(f"{total}  {name}")
