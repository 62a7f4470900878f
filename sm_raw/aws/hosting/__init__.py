"""Endpoints that stand: made, changed, scaled and read back.

- ``scaling``   scaling as the service tells of it
"""
