"""Names that tell the same request again: a readable prefix and a short hash of what it asks for."""

from __future__ import annotations

import hashlib
import json
import re

# Longest names the service takes; most resources (models, endpoints and their configurations too) allow 63.
TRAINING_JOB_NAME_LIMIT = 63
TUNING_JOB_NAME_LIMIT = 32


def canonical_hash(request: object) -> str:
    """Eight hex digits of the SHA-256 of the request as canonical JSON; the order of keys does not matter.

    Raises TypeError for what JSON cannot hold, rather than hash something that changes from run to run.
    """
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def job_name(prefix: str, digest: str, limit: int = TRAINING_JOB_NAME_LIMIT) -> str:
    """``<prefix>-<digest>`` in at most ``limit`` characters; the prefix gives way, the digest never does.

    Names take letters, digits and single hyphens, so any other run of characters (``dog_breeds``) becomes one
    hyphen.
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", prefix).strip("-")
    room = max(0, limit - len(digest) - 1)
    return f"{readable[:room].rstrip('-')}-{digest}".lstrip("-")
