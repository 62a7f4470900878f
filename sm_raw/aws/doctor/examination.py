"""All checks in order, and the running of them: whatever befalls one, the others are heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sm_raw.aws.calls import is_expired
from sm_raw.aws.doctor import account_checks, bucket_checks, role_checks, supply_checks
from sm_raw.aws.doctor.lines import Check, Finding, Line, allowing, not_known
from sm_raw.aws.doctor.subject import Subject, Unanswered
from sm_raw.errors import NotConfigured

# What is asked about and is not there: the check that looks for it says more.
ABSENT_CODES = {"NoSuchBucket": "there is no such bucket", "NoSuchEntity": "there is no such user or role"}

CHECKS: Mapping[str, Check] = {
    "configuration": account_checks.configuration,
    "identity": account_checks.identity,
    "endpoint": account_checks.endpoint,
    "clock": account_checks.clock,
    "region": account_checks.region,
    "bucket": bucket_checks.bucket,
    "bucket policy": bucket_checks.bucket_policy,
    "bucket access": bucket_checks.bucket_access,
    "encryption": bucket_checks.bucket_encryption,
    "role": role_checks.role,
    "role's rights": role_checks.role_rights,
    "caller's rights": role_checks.caller_rights,
    "PassRole": role_checks.pass_role,
    "made roles": role_checks.made_roles,
    "quotas": supply_checks.quotas,
    "images": supply_checks.images,
    "Debugger": supply_checks.debugger,
}
"""{name of a check: the check}, in the order in which they are told."""


def examine(subject: Subject, checks: Mapping[str, Check] = CHECKS) -> Iterator[Line]:
    """The lines of each check as it is done."""
    for name, check in checks.items():
        # What keeps one question of a check from an answer may keep the next one from it likewise.
        told: set[Finding] = set()
        for finding in _findings(check, subject):
            if finding not in told:
                told.add(finding)
                yield Line(name, *finding)


def _findings(check: Check, subject: Subject) -> Iterator[Finding]:
    try:
        yield from check(subject)
    except Unanswered as unanswered:
        yield _unanswered(unanswered)
    except NotConfigured as error:  # No client of a service can be made: the region has an impossible name.
        yield not_known(str(error))


def _unanswered(unanswered: Unanswered) -> Finding:
    if unanswered.is_denied:
        right = allowing(unanswered.action, resource=unanswered.resource)
        return not_known(f"{unanswered.action} is not allowed to the caller", "let the caller do this", right)
    if unanswered.code in ABSENT_CODES:
        return not_known(f"{ABSENT_CODES[unanswered.code]}: see above")
    remedy = "sign in again or take new keys" if is_expired(unanswered.error) else "run this again"
    return not_known(str(unanswered), remedy)
