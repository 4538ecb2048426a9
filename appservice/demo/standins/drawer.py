"""Where a stand-in keeps its phones between two starts: one JSON file."""

import json
from pathlib import Path


class Drawer:
    """Reads and writes one JSON document; without a path it forgets."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> dict[str, object]:
        """What was kept; nothing when there is none or it can't be read."""
        if self._path is None or not self._path.is_file():
            return {}
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:
            return {}  # phones of a demonstration are not worth a failed start
        return kept if isinstance(kept, dict) else {}

    def save(self, content: dict[str, object]) -> None:
        """Replaces the file in one step, so that a kill leaves the old one or the new one."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)
