"""One module for each command: its function and its `COMMAND` table."""
