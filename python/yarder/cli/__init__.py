"""The command line: `yarder` and `python -m yarder`. Needs the extra `cli` (typer, rich)."""
