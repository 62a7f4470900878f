"""The local engine: an AWS endpoint on loopback that really trains, tunes, debugs and serves.

One process, one port. From the outside in:

- ``server``     binds the port, prints the ready line, ends cleanly
- ``gateway``    the WSGI application: what is SageMaker's is answered here, everything else goes to moto
- ``wire``       what a request of any service asks for, and errors in every protocol
- ``control``    what tests ask of a running engine: faults on and off, what was called and created
- ``faults``, ``fault_rules``  calls, jobs and endpoints that fail on purpose, from a seed
- ``protocol``   requests and answers by botocore's service model, and AWS's error wording
- ``training_jobs``, ``tuning_jobs``, ``hosting``, ``tags``, ``runtime``  the operations
- ``scaling``    Application Auto Scaling in front of moto, metrics of endpoints, alarms judged, capacities moved
- ``functions``  Lambda, in front of moto: functions in processes of their own, provisioned concurrency, function URLs
- ``engine``     what they share: the store, the clients that point back here, everything that runs
- ``training``, ``tuning``, ``deployment``  the work behind them, each in a thread of its own
- ``container``, ``artifacts``, ``job_logs``  the container contract, S3 and CloudWatch Logs, as a job sees them
- ``rule_evaluation``, ``system_monitor``  what goes on beside a training
- ``process``    child processes that never outlive the engine
- ``debugger``, ``serving``  programs that run in such processes: the rules, the model server

Nothing outside this package imports it, save ``cli`` and ``scripts``, which start it.
"""
