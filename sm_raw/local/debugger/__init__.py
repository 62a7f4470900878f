"""Debugger rules, evaluated on the tensors that smdebug saved, in a process of their own.

- ``__main__``       the process: follows a growing folder of tensors, prints one JSON line per change of a status
- ``evaluation``     from DebugRuleConfigurations to statuses: when a rule is called, and how it ends
- ``parameters``     RuleParameters are strings; a rule's typed fields say what they mean
- ``saved_tensors``  what smdebug wrote, read with smdebug, without its waiting and its log
- ``rules``          one file per rule

A new rule is one file in ``rules``: a dataclass derived from ``Rule`` and named as AWS names it, whose fields
are AWS's parameters with AWS's defaults and whose ``invoke_at_step`` judges one saved step. Being there
registers it.
"""
