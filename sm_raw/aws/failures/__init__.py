"""Why something failed.

- ``explaining``   the reason, the exit code, the ends of the right streams, all in one block
- ``causes``       the known causes that a text tells of
- ``cause``, ``causes_around``, ``causes_inside``   the catalogue: messages that were seen, their causes and remedies
- ``layout``       how that block looks
- ``tracebacks``   the traceback in a log
"""
