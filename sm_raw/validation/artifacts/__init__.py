"""A model.tar.gz before it is deployed: what lies in it, and whether AWS's serving containers will find it there."""

from __future__ import annotations

from sm_raw.validation.artifacts.layout import LAYOUT_CHECKS, LayoutFinding, Serving, check_layout, serving_of
from sm_raw.validation.artifacts.members import Artifact, Member, read_artifact, tree

__all__ = [
    "LAYOUT_CHECKS",
    "Artifact",
    "LayoutFinding",
    "Member",
    "Serving",
    "check_layout",
    "read_artifact",
    "serving_of",
    "tree",
]
