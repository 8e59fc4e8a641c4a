"""A server of ``git kas verify-store``, which starts it: ``git kas serve`` that ends with its parent.

All it says goes to standard error, so that its one line is found there.
"""

from __future__ import annotations

import os
import sys
from threading import Thread

from git_kas.cli.main import main
from git_kas.cli.store_client import end_with_parent

if __name__ == "__main__":
    os.dup2(2, 1)
    Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main(["serve", *sys.argv[1:]]))
