"""What AWS has to give: quotas, images, and the rules of Debugger in this region."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.aws.account.quotas import Quota, read_quotas
from sm_raw.aws.doctor.lines import Finding, Findings, allowing, failed, not_known, ok, warning
from sm_raw.aws.doctor.role_checks import NO_REQUESTS
from sm_raw.aws.doctor.subject import QuotaNeed, Subject, Unanswered
from sm_raw.errors import UnknownImage
from sm_raw.specs.images import debugger_rules_image, registry_accounts
from sm_raw.specs.policy_documents import partition_of
from sm_raw.specs.registry_paths import RegistryPath
from sm_raw.specs.run_resources import RULE_FIELDS, images_in

QUOTA_ACTIONS = ("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas")


def quotas(subject: Subject) -> Findings:
    """The quotas leave room for what the run needs at most at one time; what others use of them is not counted."""
    if not subject.needs:
        yield not_known(NO_REQUESTS)
        return
    names = [(need.service, need.quota_name) for need in subject.needs]
    read = read_quotas(subject.clients.service_quotas, names, sleep=subject.sleep)
    known = [(need, read.quotas[need.quota_name]) for need in subject.needs if need.quota_name in read.quotas]
    unknown = [need for need in subject.needs if need.quota_name not in read.quotas]
    yield from (_exceeded(need, quota) for need, quota in known if quota.value < need.count)
    enough = [
        f"{need.quota_name} {need.count} of {quota.value:g}" for need, quota in known if quota.value >= need.count
    ]
    if enough:
        yield ok("; ".join(enough))
    if unknown and read.problems:
        found = f"{', '.join(need.quota_name for need in unknown)} ({'; '.join(read.problems)})"
        is_denied = any("AccessDenied" in problem for problem in read.problems)
        yield not_known(found, *(("let the caller do this", allowing(*QUOTA_ACTIONS)) if is_denied else ()))
    elif unknown:
        yield from (_unlisted(subject, need) for need in unknown)


def _exceeded(need: QuotaNeed, quota: Quota) -> Finding:
    kind = "the account's quota" if quota.applied else "AWS's default"
    return failed(
        f"{need.quota_name}: the run needs {need.count}, {kind} is {quota.value:g}",
        "ask for more, or change the instance type or their number with --set",
        f"aws service-quotas request-service-quota-increase --service-code {need.service} --quota-code {quota.code} "
        f"--desired-value {need.count}",
    )


def _unlisted(subject: Subject, need: QuotaNeed) -> Finding:
    return warning(
        f"{need.quota_name}: no such quota in {subject.region}, so the type may not be offered there",
        "look it up, or give another instance type with --set",
        f"aws service-quotas list-aws-default-service-quotas --service-code {need.service} --region {subject.region} "
        f"--query \"Quotas[?contains(QuotaName,'{need.quota_name.partition(' for ')[0]}')].QuotaName\"",
    )


def images(subject: Subject) -> Findings:
    """The images exist. BatchGetImage is the call of a pull, which the owners of shared images allow to all.

    DescribeImages they do not: https://github.com/jetstack/version-checker/issues/167.
    """
    found = dict.fromkeys(image for _, request in subject.requests for image in images_in(request))
    if not found:
        yield not_known(NO_REQUESTS if not subject.requests else "the requests name no image of Amazon ECR")
    for image in found:
        yield _image(subject, image)


def _image(subject: Subject, image: RegistryPath) -> Finding:
    name = f"{image.account} {image.repository}:{image.tag}"
    if image.region != subject.region:
        return failed(f"{name} is in {image.region}", f"give its path in {subject.region}: images stay in a region")
    if not image.tag:
        return not_known(f"{name} is named without a tag")
    wanted = [{"imageTag": image.tag}]
    try:
        answer = subject.ask(
            "ecr", "BatchGetImage", registryId=image.account, repositoryName=image.repository, imageIds=wanted
        )
    except Unanswered as unanswered:
        if unanswered.code == "RepositoryNotFoundException":
            return failed(f"{name}: there is no such repository", _remedy(image))
        if not unanswered.is_denied:  # The other images are asked for nevertheless.
            return not_known(f"{name}: {unanswered}", "run this again")
        partition = partition_of(image.region)
        arn = f"arn:{partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
        return not_known(
            f"{name}: {unanswered.action} is not allowed to the caller, or there is no such repository",
            "let the caller do this",
            allowing(unanswered.action, resource=arn),
        )
    if answer.get("images"):
        return ok(f"{name} exists")
    reasons = ", ".join(each.get("failureCode", "") for each in answer.get("failures", ()))
    return failed(f"{name} does not exist ({reasons})", _remedy(image))


def _remedy(image: RegistryPath) -> str:
    if image.account in registry_accounts():
        return "give a version that there is: https://github.com/aws/deep-learning-containers (available images)"
    return "push it, or give another image in the recipe"


def debugger(subject: Subject) -> Findings:
    """Where requests have rules, the region has the image in which AWS runs them."""
    if not any(request.get(field) for _, request in subject.requests for field in RULE_FIELDS):
        return
    try:
        debugger_rules_image(subject.region)
    except UnknownImage as unknown:
        yield failed(
            f"AWS keeps no image of Debugger's rules in {subject.region}",
            f"leave the rules out of the recipe, or run in another region: {', '.join(_nearest(subject, unknown))}",
        )
        return
    yield ok(f"AWS runs Debugger's rules in {subject.region}")


def _nearest(subject: Subject, unknown: UnknownImage) -> Iterator[str]:
    continent = subject.region.partition("-")[0]
    return (name for name in unknown.known if name.startswith(f"{continent}-"))
