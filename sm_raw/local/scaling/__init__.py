"""Application Auto Scaling of endpoint variants, on top of moto, which keeps the targets, policies and actions.

``operations`` adds to moto's answers what the service does and moto does not: refusals, the alarms of target tracking,
scaling activities. ``metering`` counts invocations into CloudWatch. ``autoscaler`` looks at them every minute, as AWS
does, through the same calls: it reads alarms, sets their states and sends UpdateEndpointWeightsAndCapacities. What it
decides is computed by pure functions: ``alarm_states``, ``decisions``, ``schedules``.
"""
