"""Endpoints that stand: made, changed, scaled and read back.

- ``deploying``          model, configuration and endpoint, all of them or none
- ``making``             what a step makes is taken back when a later one fails
- ``changing``           another configuration for an endpoint that scales
- ``scaling_snapshots``  scaling as the requests that put it back
- ``scaling``            scaling as the service tells of it
- ``traffic``            weights of variants, in steps, and back
- ``function_in_front``  a Lambda function in front of an endpoint
- ``function_calls``     that function asked directly
- ``lifetimes``          endpoints that are deleted when their time is over
"""
