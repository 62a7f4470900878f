"""Waiting for jobs and endpoints, one or many, within a budget of calls.

- ``wait``      the verbs: wait, wait_for_all, watch
- ``polling``   one poller for many jobs, by listings where they are cheaper
- ``line``      the calls of a long wait: budget, jitter, outages, credentials that expire
- ``pauses``    how long to leave a job alone
- ``attach``    following what was started elsewhere, by its name
"""
