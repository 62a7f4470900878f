"""The logs of jobs, endpoints and functions: every stream, each line once.

- ``reading``     the verbs: iter_log_events, job_logs, tail
- ``sources``     where the log of a job, tuning job, endpoint or function lies
- ``streams``     the streams of a group, and their events
- ``following``   reading on, where a stream was left
- ``filters``, ``display``   which lines, and how a person sees them
- ``export``      a log group to S3, with the bucket's policy set for it and put back
"""
