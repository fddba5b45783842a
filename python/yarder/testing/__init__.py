"""What users import to test their own logging; the pytest plug-in is `yarder.testing.pytest_plugin`."""

from yarder.testing.records import Records

__all__ = ["Records"]
