"""Runs CPython's own test_logging with the bridge installed, in a process of its own; prints what failed as JSON.

The suite insists on a root without handlers when a test begins, so ours is taken off around that one check and put
back before the test itself: every test then runs with yarder.Handler on the root and native methods on all loggers.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import unittest
import warnings
from typing import Any

import yarder


def main() -> None:
    """Install, run, report."""
    warnings.simplefilter("ignore")
    from test import test_logging

    yarder.configure(app="suite", level="trace", backends=[yarder.File(sys.argv[1])])
    yarder.install_logging(capture_warnings=False)
    root = logging.getLogger()
    handler = root.handlers[0]
    set_up = test_logging.BaseTest.setUp

    def with_ours(self: Any) -> None:
        root.removeHandler(handler)
        set_up(self)
        root.addHandler(handler)

    test_logging.BaseTest.setUp = with_ours
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_logging)
    shown = io.StringIO()
    result = unittest.TextTestRunner(stream=shown, verbosity=0).run(suite)
    failed = {}
    for test, trace in [*result.failures, *result.errors]:
        name = ".".join(test.id().split(".")[-2:])
        failed[name] = trace.strip().splitlines()[-1]
        if os.environ.get("SHOW"):
            sys.stderr.write(f"{name}\n{trace}\n")
    yarder.uninstall_logging()
    print(json.dumps({"run": result.testsRun, "failed": failed}))


if __name__ == "__main__":
    main()
