"""NOUN: what a user asked for, and what it means.

Two steps: `load` says exactly what was asked and where (file, environment, keywords), `resolve` checks it and fills
the rest; only the second may find anything wrong with a value.

Not here: opening files, rings or sockets.
"""
