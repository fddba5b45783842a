"""Reading back: `read` and `follow` over live files and archives, `clear`.

Import from the modules: the command line needs few of them, and `yarder.read` loads its own. The room is not called
`read`: a submodule of that name would hide the function `yarder.read`.
"""
