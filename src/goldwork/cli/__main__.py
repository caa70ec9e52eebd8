"""`python -m goldwork.cli`."""

import sys

from goldwork.cli import main

if __name__ == "__main__":
    sys.exit(main())
