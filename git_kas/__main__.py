"""``python -m git_kas`` is ``git kas``."""

import sys

from git_kas.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
