"""VERB: what happens at the log call, as far as it is Python: fields in context, exceptions as text, fixed forms of values.

The call itself is native (`yarder._core.Logger`); it comes here only for what plain copies cannot do.
Not here: files, threads, formatting.
"""
