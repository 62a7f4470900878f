"""A finished (or failed) run as one self-contained HTML page: ``write_report(run.json, report.html)``.

Each module turns one part of run.json into plain values (overview, tuning, training, rules, scaling,
gallery); plots draws them, page sets them. Nothing but run.json and the pictures beside it is read, and every
part may be missing: a run that failed at its second step has a report too. Needs jinja2, matplotlib and
Pillow (the extra ``local``), which are imported only when a page is made.
"""

from __future__ import annotations

from sm_raw.report.page import render, write_report

__all__ = ["render", "write_report"]
