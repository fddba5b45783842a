"""NOUN: what a record is in Python. Not here: encoding (native), and any policy."""

from yarder.record.view import Record

__all__ = ["Record"]
