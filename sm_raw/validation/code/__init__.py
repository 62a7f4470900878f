"""The user's code held against the requests that run it: read as text, never imported and never run.

``check_code(folder, requests)`` finds hyperparameters that the script does not take or needs, values that its argparse
refuses, inference functions that the serving toolkit cannot call, imports and requirements that the image lacks.
"""

from __future__ import annotations

from sm_raw.validation.code.checking import CODE_RULES, check_code

__all__ = ["CODE_RULES", "check_code"]
