"""`python -m yarder`."""

import sys

from yarder.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
