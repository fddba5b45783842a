"""What is measured: yarder, the floor, and the peers, each behind the same few hooks."""

from bench.subjects.base import Subject
from bench.subjects.floor import Floor
from bench.subjects.peers import BqLog, Loguru, LogXide, PicoLogging, Spdlog, SpdlogAsync, StructlogOrjson
from bench.subjects.stdlib import Stdlib, StdlibQueue
from bench.subjects.yarder import Yarder, YarderDefault, YarderLogging, YarderSync

__all__ = ["PEERS", "SUBJECTS", "Subject"]

SUBJECTS: dict[str, type[Subject]] = {
    kind.name: kind
    for kind in (
        Floor, Yarder, YarderDefault, YarderSync, YarderLogging, Stdlib, StdlibQueue, PicoLogging, Loguru, StructlogOrjson,
        LogXide, BqLog, Spdlog, SpdlogAsync,
    )
}  # fmt: skip
"""By the name used in tables and raw data."""

PEERS: tuple[str, ...] = tuple(name for name in SUBJECTS if not name.startswith("yarder") and name != "floor")
"""The rivals, in the order of the tables."""
