"""Fixed forms of values that native code does not know: each comes out as None, bool, int, float, str, dict or list.

The kind of a class is found once and kept. Modules are looked up, never imported: a value of `uuid.UUID` cannot exist
before somebody imported `uuid`.
"""

from __future__ import annotations

import os
import sys
from _collections_abc import Mapping

__all__ = ["fixed"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_FORMS: dict[type, Callable[[Any], Any]] = {}
_SIMPLE = frozenset((type(None), bool, int, float, str))
_MOST_FORMS = 4096  # classes made at run time must not fill memory


def fixed(value: Any) -> Any:
    """The fixed form of a value.

    datetime, date and time: RFC 3339 (a naive datetime keeps its missing offset); timedelta: seconds; UUID, Decimal,
    Fraction, paths: text; Enum: its value; dataclass: a mapping without fields that are hidden from its repr; numpy
    scalars: Python's own; subclasses of int, float, str, dict, list, tuple, set: the plain one; bytes-like: text; the
    rest: `str()`. Cost: about a microsecond. Never raises an Exception: what cannot be shown says so.
    """
    cls = type(value)
    if cls in _SIMPLE:
        return value
    try:
        form = _FORMS.get(cls)
        if form is None:
            form = _find(cls)
            if len(_FORMS) < _MOST_FORMS:
                _FORMS[cls] = form
        return form(value)
    except Exception as error:  # noqa: BLE001 - __str__, __iter__, item() are foreign code
        return _unprintable(cls, error)


def _unprintable(cls: type, error: Exception) -> str:
    try:
        reason = str(error)
    except Exception:  # noqa: BLE001 - the error may be as broken as the value
        reason = ""
    text = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    return f"<unprintable {cls.__name__} object: {text}>"


def _find(cls: type) -> Callable[[Any], Any]:
    for module, name, form in _KNOWN:
        known = getattr(sys.modules.get(module), name, None)
        if isinstance(known, type) and issubclass(cls, known):
            return form
    if "__dataclass_fields__" in dir(cls):
        return _dataclass
    if (cls.__module__ or "").partition(".")[0] == "numpy" and hasattr(cls, "item"):
        return _numpy
    if issubclass(cls, os.PathLike):
        return os.fsdecode
    for base, form in _PLAIN:
        if issubclass(cls, base):
            return form
    return str


def _enum(value: Any) -> Any:
    return fixed(value.value)  # it may be anything, even a dataclass


def _time(value: Any) -> str:
    text: str = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _seconds(value: Any) -> float:
    seconds: float = value.total_seconds()
    return seconds


def _isoformat(value: Any) -> str:
    text: str = value.isoformat()
    return text


def _dataclass(value: Any) -> dict[str, Any]:
    return {
        name: getattr(value, name)
        for name, field in value.__dataclass_fields__.items()
        if field.repr and field._field_type.name == "_FIELD"  # not ClassVar, not InitVar
    }


def _numpy(value: Any) -> Any:
    if getattr(value, "shape", ()) != ():
        return str(value)
    inner = value.item()
    return str(value) if type(inner).__module__ == "numpy" else fixed(inner)


def _text_of_bytes(value: Any) -> str:
    return bytes(value).decode("utf-8", "backslashreplace")


_KNOWN: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("enum", "Enum", _enum),
    ("datetime", "datetime", _time),
    ("datetime", "date", _isoformat),
    ("datetime", "time", _isoformat),
    ("datetime", "timedelta", _seconds),
    ("uuid", "UUID", str),
    ("decimal", "Decimal", str),
    ("fractions", "Fraction", str),
)

_PLAIN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (BaseException, str),
    (str, str),
    (int, int),
    (float, float),
    (Mapping, dict),
    ((list, tuple, set, frozenset), list),
    ((bytes, bytearray, memoryview), _text_of_bytes),
)
