"""Entrance of ``python -m litclf``."""

import sys

from litclf.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
