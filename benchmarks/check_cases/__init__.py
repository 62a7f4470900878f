"""Requests for ``benchmarks/checks.py``: good ones, and faults whose place is known because they were put there."""
