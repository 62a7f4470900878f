"""The whole story in one command: data, tuning, training, model, endpoint, scaling, predictions, and nothing left.

    python scripts/run_all.py                          handwritten digits, on this machine
    python scripts/run_all.py --data ~/photos          a folder with train, valid and test
    python scripts/run_all.py --dry-run                every request, and nothing is sent
    python scripts/run_all.py --target aws --role ARN  the same way on AWS

The same as ``python -m sm_raw run``; see there for all options.
"""

from __future__ import annotations

import sys

from sm_raw.cli.run import main

if __name__ == "__main__":
    sys.exit(main())
