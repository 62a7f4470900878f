"""E65x: EC2 instances that train."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, number, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.wording import shown

RUN_PAGE = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html"
USER_DATA_PAGE = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html"

USER_DATA_BYTES = 16 * 1024
# What scripts (#!), cloud-config and MIME archives begin with once they are base64.
ENCODED = ("IyE", "I2Nsb3VkLWNvbmZpZ", "Q29udGVudC1UeXBlO")
CALLS_AWS = re.compile(r"^[^#\n]*\baws\s+(?:ec2|ecr|logs|s3|s3api|sagemaker|secretsmanager|ssm|sts)\s", re.MULTILINE)
SHUTS_DOWN = re.compile(r"^[^#\n]*\b(?:shutdown\s+-[hP]|poweroff|systemctl\s+poweroff)\b", re.MULTILINE)
# What cloud-init and the agents of Windows, Bottlerocket and Flatcar tell user data by, besides a script's #!.
HEADS = (
    *("#cloud", "#include", "#part-handler", "#upstart-job", "## template:", "content-type:", "mime-version:"),
    *("<powershell", "<script", "<persist", "version:", "[", "{"),
)
# What goes into the interfaces where these are given.
OF_INTERFACES = ("SubnetId", "SecurityGroupIds", "SecurityGroups")


class InstanceRule(Rule):
    """A rule about starting instances."""

    operations = ("RunInstances",)
    source = RUN_PAGE


class MinimumCountWithinMaximum(InstanceRule):
    """MinCount is not above MaxCount."""

    id = "E650"

    def check(self, request: Request) -> Iterator[Finding]:
        low, high = number(request.get("MinCount")), number(request.get("MaxCount"))
        if low is not None and high is not None and low > high:
            yield self.finding("MinCount", f"{low} is above MaxCount ({high}); exchange them")


class ImageIsNamed(InstanceRule):
    """An instance has an AMI, by its id or as resolve:ssm:PARAMETER, unless a launch template brings it."""

    id = "E651"

    def check(self, request: Request) -> Iterator[Finding]:
        image = text(request.get("ImageId"))
        if is_absent(request, "ImageId") and is_absent(request, "LaunchTemplate"):
            yield self.finding("ImageId", "missing; give an AMI, or a LaunchTemplate that has one")
        elif image is not None and not image.startswith(("ami-", "resolve:ssm:")):
            yield self.finding("ImageId", f"{image!r} is no AMI; give ami-... or resolve:ssm:PARAMETER")


class NetworkIsInOnePlace(InstanceRule):
    """With NetworkInterfaces, subnet and security groups are given in them, not beside them."""

    id = "E652"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_absent(request, "NetworkInterfaces") or request["NetworkInterfaces"] == []:
            return
        for field in OF_INTERFACES:
            if not is_absent(request, field):
                yield self.finding(field, "given beside NetworkInterfaces; move it into the interface")


class UserDataFits(InstanceRule):
    """User data has 16 KB at most, before it is encoded."""

    id = "E653"
    source = USER_DATA_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        script = text(request.get("UserData"))
        size = len(script.encode(errors="replace")) if script is not None else 0
        if size > USER_DATA_BYTES:
            message = f"has {size} bytes, more than {USER_DATA_BYTES}; put the script into S3 and fetch it"
            yield self.finding("UserData", message)


class UserDataIsPlain(InstanceRule):
    """User data is plain text: boto3 and awscli encode it themselves."""

    id = "W654"
    source = "https://github.com/boto/botocore/blob/develop/botocore/handlers.py"

    def check(self, request: Request) -> Iterator[Finding]:
        script = text(request.get("UserData"))
        if script is not None and script.startswith(ENCODED):
            yield self.finding(
                "UserData", f"{shown(script)} is base64 already and would be encoded twice; give the text"
            )


class ScriptNamesItsInterpreter(InstanceRule):
    """User data of commands begins with #! and its interpreter: else nothing runs it."""

    id = "W657"
    source = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html"

    def check(self, request: Request) -> Iterator[Finding]:
        script = text(request.get("UserData"))
        if script is None or "#!" in script or script.lstrip().lower().startswith(HEADS):
            return
        if CALLS_AWS.search(script) or SHUTS_DOWN.search(script):
            yield self.finding("UserData", f"{shown(script)} is no script; begin it with a line #!/bin/bash")


class ProfileIsNamedOnce(InstanceRule):
    """IamInstanceProfile has a Name or an Arn, not both."""

    id = "E658"
    source = "https://github.com/aws/aws-cli/issues/8058"

    def check(self, request: Request) -> Iterator[Finding]:
        profile = request.get("IamInstanceProfile")
        if all(at(profile, field) is not None for field in ("Name", "Arn")):
            yield self.finding("IamInstanceProfile.Arn", "given beside Name; keep one of them")


class ScriptHasARole(InstanceRule):
    """User data that calls AWS comes with an IamInstanceProfile, from which it gets credentials."""

    id = "W655"
    source = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html"

    def check(self, request: Request) -> Iterator[Finding]:
        script = text(request.get("UserData"))
        has_none = is_absent(request, "IamInstanceProfile") and is_absent(request, "LaunchTemplate")
        if script is not None and has_none and CALLS_AWS.search(script):
            yield self.finding(
                "IamInstanceProfile", "missing, though UserData calls aws; give the profile with its role"
            )


class ShutdownTerminates(InstanceRule):
    """An instance that shuts itself down is terminated by it: one that is stopped keeps its volume, and its bill."""

    id = "W656"

    def check(self, request: Request) -> Iterator[Finding]:
        script, field = text(request.get("UserData")), "InstanceInitiatedShutdownBehavior"
        stops = request.get(field) == "stop"
        stops_by_default = is_absent(request, field) and is_absent(request, "LaunchTemplate")
        if script is not None and (stops or stops_by_default) and SHUTS_DOWN.search(script):
            told = "'stop'" if stops else "missing, so 'stop'"
            yield self.finding(
                field, f"{told}; UserData shuts the instance down and the volume stays: give 'terminate'"
            )
