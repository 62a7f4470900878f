"""Lambda's functions, run for real in processes of this machine, without Docker.

moto keeps what a function is: its configuration, versions, aliases and reserved concurrency. What it cannot do is done
here. From the outside in:

- ``service``      the operations that are answered here, whole or before and after moto; ``call`` is one of them
- ``changing``     the operations that change a function, and what becomes of its processes
- ``refusals``     Lambda's error codes
- ``requests``     what Lambda refuses of a function's code and configuration, and moto lets pass
- ``invoking``     Invoke
- ``provisioned``  provisioned concurrency: so many processes of a version that are kept warm
- ``urls``         function URLs, and ``http_events`` what passes through them
- ``described``    a function as moto describes it
- ``code``         the archives, kept by their digest: a version keeps its code whatever becomes of the object in S3
- ``pool``         which process answers which invocation
- ``environment``  one process, warm between invocations, and its log stream
- ``output``       tells what the runtime says from what the user's code prints
- ``bootstrap``    the runtime: the script that the process runs; it needs the standard library alone

One Python runs them all: the engine's own, with what is installed for it. Neither the memory size nor the role's rights
are enforced, and code may write to its own folder.
"""
