"""VERB: records out of the ring, as far as it is Python: handlers, and a look at how full the ring is.

The drain to files and consoles is native; no record on its way there passes through Python.
"""
