"""VERB: which records go where, said once in a plan. Pure: no files, no sockets.

Not here: the destinations themselves (`yarder.backends`), nor the evaluation, which is native and touches each record.
"""
