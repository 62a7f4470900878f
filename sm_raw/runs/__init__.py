"""A recipe becomes a plan, a plan is executed, and what it made is remembered and removed.

- ``placeholders``   ``${name}`` and ``${step.Path}`` in documents
- ``recipe``         a folder of request documents, read and checked
- ``plan``           the recipe with its data, code and variables: every request, as far as it is known beforehand
- ``preparation``    from what the user names to a plan: data surveyed, code packed, recipe filled in
- ``execution``      takes the plan's steps; waits, follows, reuses, and takes down what it made
- ``uploading``      data and code to S3
- ``submission``     how the request of a step is sent
- ``existing``       what is there under the name that a request would give
- ``ledger``         what a run set out to make, has made and has removed, written before and after each call
- ``leavings``       what stays when a run is over, unless its removal is asked for
- ``taking_down``    stops and removes what the ledger holds
- ``outcomes``, ``step_details``   what a step has brought, for run.json and for the terminal
- ``predictions``    test pictures through the endpoint, or the function in front of it
- ``standing``       what a plan would make, reuse or change at its target
- ``capacity``       what it needs at most at one time, in the words of the quotas
- ``costs``          what it may be charged
- ``prices``         price lists, which the user gives or AWS tells
- ``bounds``         charges with prices: the upper bound, and whether a budget covers it
- ``running``        what runs in the account, whoever started it
- ``policies``       the rights that it needs
- ``effects``        what an operation does in a run (one table)
- ``record``         run.json, written after every step
- ``story``          the progress that a person reads
- ``image_folder``   data sets: surveyed, checked, and the digits written out
"""
