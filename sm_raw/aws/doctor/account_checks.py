"""The configuration, who asks, whether the service answers, the clock and the region."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from sm_raw.aws.account.asking import in_one_line
from sm_raw.aws.calls import EXPIRED_CODES, is_expired
from sm_raw.aws.doctor.lines import Findings, failed, not_known, ok, warning
from sm_raw.aws.doctor.subject import Subject, Unanswered

KINDS = {
    "assume-role": "a role that the profile assumes",
    "assume-role-with-web-identity": "a role by web identity",
    "config-file": "keys in the configuration file",
    "container-role": "the role of this container",
    "custom-process": "a program that gives credentials",
    "env": "keys in the environment",
    "explicit": "keys given to this program",
    "iam-role": "the role of this machine",
    "login": "a sign-in (aws login)",
    "shared-credentials-file": "keys in the credentials file",
    "sso": "a sign-in (aws sso login)",
}
"""What botocore calls a way to credentials, in words.

https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html
"""

RENEWED = {"assume-role", "assume-role-with-web-identity", "container-role", "custom-process", "iam-role"}
SOON_SECONDS = 3600
SIGN_IN = "sign in again or take new keys, by the way that they came"

# AWS refuses a request whose time is further off: https://docs.aws.amazon.com/IAM/latest/UserGuide/
# reference_sigv-troubleshooting.html
REFUSED_SKEW_SECONDS = 300
SKEW_SECONDS = 60

# What a service answers in a region that the account has not turned on, or not subscribed to.
NOT_ENABLED_CODES = {"OptInRequired", "SubscriptionRequiredException", "UnrecognizedClientException"}


def configuration(subject: Subject) -> Findings:
    """Region, and credentials of which kind; whether they are about to end."""
    credentials = subject.clients.credentials
    method = str(getattr(credentials, "method", "") or "")
    kind = KINDS.get(method, method or "a way that is not told")
    where = f" at {subject.clients.endpoint_url}" if subject.clients.endpoint_url else ""
    told = f"region {subject.region}{where}, credentials: {kind}"
    if credentials is None or method in RENEWED:
        yield ok(told)
    elif hasattr(credentials, "refresh_needed"):
        if credentials.refresh_needed(refresh_in=SOON_SECONDS):
            yield warning(f"{told}; they end within the hour, and a run may take longer", SIGN_IN)
        else:
            yield ok(f"{told}; they last for an hour and more")
    elif credentials.token:
        yield warning(
            f"{told}; they are temporary, and nothing tells when they end",
            "for a long run take credentials that renew themselves: a role or a profile that signs in",
        )
    else:
        yield ok(told)


def identity(subject: Subject) -> Findings:
    """Who the credentials belong to."""
    try:
        arn, account = subject.caller_arn, subject.account
    except Unanswered as unanswered:
        if is_expired(unanswered.error) or unanswered.code in {*EXPIRED_CODES, "SignatureDoesNotMatch"}:
            yield failed(f"the credentials are refused: {in_one_line(unanswered.error)}", SIGN_IN)
            return
        raise
    if arn.endswith(":root"):
        yield warning(
            f"the root user of account {account}: it may do everything, and no policy keeps it from that",
            "take a role or user with the rights of the run: python -m sm_raw policy --help",
        )
    else:
        yield ok(f"{arn.split(':', 5)[5]} of account {account}")


def endpoint(subject: Subject) -> Findings:
    """Whether SageMaker answers in this region."""
    url = subject.clients.sagemaker.meta.endpoint_url
    try:
        subject.ask("sagemaker", "ListTrainingJobs", MaxResults=1)
    except Unanswered as unanswered:
        if unanswered.is_denied:
            yield ok(f"{url} answers (the caller may not list jobs, as `ls` does: {unanswered.action})")
        elif not unanswered.code:
            yield failed(
                f"{url} does not answer: {in_one_line(unanswered.error)}",
                "see that the region is spelt right and that this machine reaches AWS: a proxy (HTTPS_PROXY), or a VPC "
                "endpoint for sagemaker.api in a subnet without a way out",
            )
        elif unanswered.code in NOT_ENABLED_CODES:
            yield failed(
                f"{url} does not know the caller: {in_one_line(unanswered.error)}",
                "the region may not be turned on for the account",
                f"aws account enable-region --region-name {subject.region}",
            )
        else:
            raise
        return
    yield ok(f"{url} answers")


def clock(subject: Subject) -> Findings:
    """How far this machine's clock is off, by the date in an answer."""
    try:
        metadata: Mapping[str, Any] = subject.ask("sts", "GetCallerIdentity")["ResponseMetadata"]
    except Unanswered as unanswered:
        metadata = unanswered.metadata
    date = metadata.get("HTTPHeaders", {}).get("date")
    if date is None:
        yield not_known("no answer has told the time")
        return
    skew = subject.clock() - parsedate_to_datetime(date).timestamp()
    told = f"this machine is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS"
    remedy = "set the clock, by NTP if possible"
    if abs(skew) >= REFUSED_SKEW_SECONDS:
        yield failed(f"{told}, which refuses signatures that are {REFUSED_SKEW_SECONDS} s off", remedy)
    elif abs(skew) >= SKEW_SECONDS:
        yield warning(f"{told}; from {REFUSED_SKEW_SECONDS} s on it refuses signatures", remedy)
    else:
        yield ok(f"within {SKEW_SECONDS} s of AWS")


def region(subject: Subject) -> Findings:
    """Whether SageMaker is in this region, by the endpoints that the installed botocore knows."""
    import botocore
    from botocore.session import Session

    session = Session()
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("sagemaker", partition)
    ]
    if subject.region in known:
        yield ok(f"SageMaker is in {subject.region}")
        return
    near = difflib.get_close_matches(subject.region, known, n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    yield warning(
        f"botocore {botocore.__version__} knows no SageMaker in {subject.region!r}",
        f"{hint}A region that is newer than this botocore is known to a newer one",
        "pip install --upgrade boto3",
    )
