"""Print what Home Assistant asks for where it starts and has its Wyoming integration.

Home Assistant installs it itself when it is first needed; without a network it must be there. It
runs with Home Assistant's Python, as its page of contents is in the package.
"""

from __future__ import annotations

import json
from pathlib import Path

import homeassistant
from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS

# hassio: `analytics`, which starts everywhere, imports what only that one asks for.
waiting = {"wyoming", "hassio", *CORE_INTEGRATIONS, *DEFAULT_INTEGRATIONS}
seen: set[str] = set()
wanted: set[str] = set()
while waiting:
    name = waiting.pop()
    seen.add(name)
    path = Path(homeassistant.__file__).parent / "components" / name / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    wanted.update(manifest.get("requirements", []))
    waiting.update(set(manifest.get("dependencies", [])) - seen)
print(*sorted(wanted), sep="\n")
