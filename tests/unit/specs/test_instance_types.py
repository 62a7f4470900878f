from __future__ import annotations

import pytest

from sm_raw.specs.instance_types import family, has_gpu, has_neuron, is_burstable


@pytest.mark.parametrize(
    ("instance_type", "name", "gpu", "neuron", "burstable"),
    [
        ("ml.g4dn.xlarge", "g4dn", True, False, False),
        ("ml.p3.16xlarge", "p3", True, False, False),
        ("ml.m5.large", "m5", False, False, False),
        ("ml.trn1.2xlarge", "trn1", False, True, False),
        ("ml.inf2.xlarge", "inf2", False, True, False),
        ("ml.t2.medium", "t2", False, False, True),
        ("t3.micro", "t3", False, False, True),
    ],
)
def test_what_the_name_of_an_instance_type_tells(
    instance_type: str, name: str, gpu: bool, neuron: bool, burstable: bool
) -> None:
    told = family(instance_type), has_gpu(instance_type), has_neuron(instance_type), is_burstable(instance_type)
    assert told == (name, gpu, neuron, burstable)
