"""Tries an installed yarder: imports it, logs, flushes, reads the file, and finds every line in it.

    python -I scripts/smoke.py

Runs anywhere the wheel is installed; needs nothing else and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Logs three records and an exception and compares the file; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["YARDER_YARD"] = folder
        path = Path(folder) / "smoke.log"

        import yarder

        yarder.configure(app="smoke", level="debug", backends=[yarder.File(str(path))])
        log = yarder.get_logger("wheel")
        log.info("user %s took %d ms", "ada", 12, ok=True)
        log.debug("plain")
        log.trace("below the level, never written")
        try:
            raise ValueError("on purpose")
        except ValueError:
            log.exception("failed")
        flushed = yarder.flush(timeout=10.0)
        yarder.shutdown()

        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        messages = [record["message"] for record in records]
        assert flushed, "flush timed out"
        assert messages == ["user ada took 12 ms", "plain", "failed"], messages
        assert records[0]["fields"] == {"ok": True}, records[0]
        assert records[2]["fields"]["exception.type"] == "ValueError", records[2]
        assert {record["facility"] for record in records} == {"wheel"}, records
    where = Path(yarder.__file__).parent
    print(f"yarder {yarder.__version__} on {sys.version.split()[0]}: {len(records)} records, {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
