"""Which lines of ours have run: what tells a fuzzer that an input was worth keeping.

sys.monitoring from Python 3.12 on, where a line costs something only the first time; sys.settrace
before, which is ten times slower and sees the same lines.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

FOLDERS = ("/edge/", "/yaml/")


class Lines:
    """Counts the lines that have run since it was made."""

    def __init__(self) -> None:
        self._seen: set[tuple[CodeType, int]] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def __enter__(self) -> Lines:
        if sys.version_info >= (3, 12):
            monitoring = sys.monitoring
            monitoring.use_tool_id(monitoring.COVERAGE_ID, "tests.fuzz")
            monitoring.register_callback(
                monitoring.COVERAGE_ID, monitoring.events.LINE, self._first_time
            )
            monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
            monitoring.restart_events()  # lines that somebody before us had enough of
        else:
            sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        if sys.version_info >= (3, 12):
            sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
            sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)
        else:
            sys.settrace(None)

    def _first_time(self, code: CodeType, line: int) -> Any:
        if is_ours(code):
            self._seen.add((code, line))
        return sys.monitoring.DISABLE  # type: ignore[attr-defined, unused-ignore]

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if is_ours(frame.f_code) else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self._seen.add((frame.f_code, frame.f_lineno))
        return self._line


def is_ours(code: CodeType) -> bool:
    return any(folder in code.co_filename for folder in FOLDERS)
