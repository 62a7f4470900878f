"""What could keep a run from working, looked at before it: one line for each thing, with its remedy.

Every check is a function of a ``Subject`` and stands for itself: what one of them may not ask, or gets no answer to,
is told as not known and hides none of the others. Nothing is made, written or changed.
"""

from sm_raw.aws.doctor.examination import CHECKS, examine
from sm_raw.aws.doctor.lines import Line, Verdict
from sm_raw.aws.doctor.subject import Subject

__all__ = ["CHECKS", "Line", "Subject", "Verdict", "examine"]
