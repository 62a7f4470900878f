"""A recipe becomes a plan, a plan is executed, and what it made is remembered and removed.

- ``placeholders``   ``${name}`` and ``${step.Path}`` in documents
- ``recipe``         a folder of request documents, read and checked
- ``plan``           the recipe with its data, code and variables: every request, as far as it is known beforehand
- ``preparation``    from what the user names to a plan: data surveyed, code packed, recipe filled in
- ``execution``      sends the plan, step by step; waits, follows, reuses, and takes down what it made
- ``outcomes``       what a step has brought, for run.json and for the terminal
- ``predictions``    test pictures through the endpoint
- ``standing``       what a plan would make, reuse or change at its target
- ``capacity``       what it needs at most at one time, in the words of the quotas
- ``costs``          what it may be charged
- ``prices``         price lists, which the user gives or AWS tells
- ``bounds``         charges with prices: the upper bound, and whether a budget covers it
- ``running``        what runs in the account, whoever started it
- ``effects``        what an operation makes: how it is found, waited for and removed (one table)
- ``record``         run.json, written after every step
- ``story``          the progress that a person reads
- ``image_folder``   data sets: surveyed, checked, and the digits written out
"""
