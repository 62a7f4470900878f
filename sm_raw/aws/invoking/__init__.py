"""Asking endpoints.

- ``invoke``          one request; ``batch`` many at a time, ``async_invoke`` by way of S3, ``by_function`` of Lambda
- ``payloads``        what is sent: pictures, arrays, lists, with their content types; ``payload_limits``: how much
- ``predictions``     what comes back, with types
- ``model_errors``    what the model said was wrong, and the way out
- ``safe_repeats``    which requests may be sent again
"""
