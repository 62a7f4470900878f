"""What jobs found out.

- ``trials``      of a tuning job, best first, with typed hyperparameters
- ``metrics``     values over time, by the request's own regexes
- ``training``    all that is known of one training job: status, bill, metrics, verdicts of rules
- ``artefacts``   its model, output, rule reports and checkpoints, fetched from S3
- ``retraining``  requests that train the best again, and serve it
- ``frames``      all this as pandas DataFrames, where pandas is there
"""
