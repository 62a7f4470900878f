from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local


def test_boto3_finds_no_instance_and_starts_none(lab: Any) -> None:
    token: Any = {"Name": "client-token", "Values": ["t"]}
    assert lab.clients.ec2.describe_instances(Filters=[token])["Reservations"] == []
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*leave that step out"):
        lab.clients.ec2.run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)
