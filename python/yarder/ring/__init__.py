"""Rings and the yards they stand in, seen from outside."""
