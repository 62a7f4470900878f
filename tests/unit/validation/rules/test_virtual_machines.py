from __future__ import annotations

import base64
from typing import Any

import pytest

from sm_raw.validation.rules import virtual_machines
from sm_raw.validation.rules.base import Rule

SCRIPT = "#!/bin/bash\naws s3 cp s3://bucket/code.tar.gz .\nshutdown -h now\n"
ENCODED = base64.b64encode(b"#!/bin/bash\n").decode()
TEMPLATE = {"LaunchTemplate": {"LaunchTemplateName": "training"}}
BEHAVIOUR = "InstanceInitiatedShutdownBehavior"
BESIDE = "given beside NetworkInterfaces; move it into the interface"
STAYS = "UserData shuts the instance down and the volume stays: give 'terminate'"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("RunInstances").check(request)]


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (virtual_machines.MinimumCountWithinMaximum, {"MinCount": 1, "MaxCount": 1}, []),
        (virtual_machines.MinimumCountWithinMaximum, {"MinCount": 3, "MaxCount": "${most}"}, []),
        (
            virtual_machines.MinimumCountWithinMaximum,
            {"MinCount": 2, "MaxCount": 1},
            [("MinCount", "2 is above MaxCount (1); exchange them")],
        ),
        (virtual_machines.ImageIsNamed, {"ImageId": "ami-0123"}, []),
        (virtual_machines.ImageIsNamed, {"ImageId": "resolve:ssm:/aws/service/x"}, []),
        (virtual_machines.ImageIsNamed, {"ImageId": "${image}"}, []),
        (virtual_machines.ImageIsNamed, TEMPLATE, []),
        (
            virtual_machines.ImageIsNamed,
            {},
            [("ImageId", "missing; give an AMI, or a LaunchTemplate that has one")],
        ),
        (
            virtual_machines.ImageIsNamed,
            {"ImageId": "ubuntu-22.04"},
            [("ImageId", "'ubuntu-22.04' is no AMI; give ami-... or resolve:ssm:PARAMETER")],
        ),
        (virtual_machines.NetworkIsInOnePlace, {"SubnetId": "subnet-0a", "SecurityGroupIds": ["sg-01"]}, []),
        (virtual_machines.NetworkIsInOnePlace, {"SubnetId": "subnet-0a", "NetworkInterfaces": []}, []),
        (virtual_machines.NetworkIsInOnePlace, {"NetworkInterfaces": [{"DeviceIndex": 0}]}, []),
        (
            virtual_machines.NetworkIsInOnePlace,
            {"NetworkInterfaces": [{"DeviceIndex": 0}], "SubnetId": "subnet-0a", "SecurityGroupIds": ["sg-01"]},
            [("SubnetId", BESIDE), ("SecurityGroupIds", BESIDE)],
        ),
        (virtual_machines.UserDataFits, {"UserData": "x" * 16_384}, []),
        (virtual_machines.UserDataFits, {"UserData": ["x"]}, []),
        (
            virtual_machines.UserDataFits,
            {"UserData": "é" * 8_193},
            [("UserData", "has 16386 bytes, more than 16384; put the script into S3 and fetch it")],
        ),
        (virtual_machines.UserDataIsPlain, {"UserData": SCRIPT}, []),
        (virtual_machines.UserDataIsPlain, {"UserData": "#cloud-config\n"}, []),
        (
            virtual_machines.UserDataIsPlain,
            {"UserData": ENCODED},
            [("UserData", f"{ENCODED!r} is base64 already and would be encoded twice; give the text")],
        ),
        (virtual_machines.ScriptNamesItsInterpreter, {"UserData": SCRIPT}, []),
        (virtual_machines.ScriptNamesItsInterpreter, {"UserData": f"\n{SCRIPT}"}, []),
        (virtual_machines.ScriptNamesItsInterpreter, {"UserData": "#cloud-config\nruncmd:\n- aws s3 ls \n"}, []),
        (virtual_machines.ScriptNamesItsInterpreter, {"UserData": "<powershell>\naws s3 ls \n</powershell>"}, []),
        (virtual_machines.ScriptNamesItsInterpreter, {"UserData": "name=value\n"}, []),
        (virtual_machines.ScriptNamesItsInterpreter, {"UserData": "${script}\naws s3 ls \n"}, []),
        (
            virtual_machines.ScriptNamesItsInterpreter,
            {"UserData": "# train\npoweroff"},
            [("UserData", "'# train\\npoweroff' is no script; begin it with a line #!/bin/bash")],
        ),
        (virtual_machines.ProfileIsNamedOnce, {"IamInstanceProfile": {"Name": "training"}}, []),
        (virtual_machines.ProfileIsNamedOnce, {"IamInstanceProfile": "${profile}"}, []),
        (
            virtual_machines.ProfileIsNamedOnce,
            {"IamInstanceProfile": {"Name": "training", "Arn": "arn"}},
            [("IamInstanceProfile.Arn", "given beside Name; keep one of them")],
        ),
        (virtual_machines.ScriptHasARole, {"UserData": SCRIPT, "IamInstanceProfile": {"Name": "training"}}, []),
        (virtual_machines.ScriptHasARole, {"UserData": SCRIPT, **TEMPLATE}, []),
        (virtual_machines.ScriptHasARole, {"UserData": "#!/bin/bash\n# no aws s3 cp here\nls aws \n"}, []),
        (
            virtual_machines.ScriptHasARole,
            {"UserData": SCRIPT},
            [("IamInstanceProfile", "missing, though UserData calls aws; give the profile with its role")],
        ),
        (virtual_machines.ShutdownTerminates, {"UserData": SCRIPT, BEHAVIOUR: "terminate"}, []),
        (virtual_machines.ShutdownTerminates, {"UserData": SCRIPT, **TEMPLATE}, []),
        (virtual_machines.ShutdownTerminates, {"UserData": "#!/bin/bash\necho\n"}, []),
        (virtual_machines.ShutdownTerminates, {BEHAVIOUR: "stop"}, []),
        (virtual_machines.ShutdownTerminates, {"UserData": SCRIPT}, [(BEHAVIOUR, f"missing, so 'stop'; {STAYS}")]),
        (
            virtual_machines.ShutdownTerminates,
            {"UserData": SCRIPT, BEHAVIOUR: "stop"},
            [(BEHAVIOUR, f"'stop'; {STAYS}")],
        ),
    ],
)
def test_instances(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(rule, request_) == findings
