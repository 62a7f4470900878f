"""``python -m sm_raw``: the command line."""

from __future__ import annotations

import sys

from sm_raw.cli import main

sys.exit(main())
