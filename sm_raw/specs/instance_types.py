"""What the name of an instance type tells: ``ml.g4dn.xlarge`` is family g4dn, with GPUs, of size xlarge."""

from __future__ import annotations

# AWS's own client chooses images by the first letter: g and p have NVIDIA GPUs.
GPU_FAMILIES = ("g", "p")
NEURON_FAMILIES = ("trn", "inf")
BURSTABLE_FAMILIES = ("t2", "t3", "t3a", "t4g")


def family(instance_type: str) -> str:
    """``g4dn`` of ``ml.g4dn.xlarge``, or of ``g4dn.xlarge``."""
    return instance_type.removeprefix("ml.").partition(".")[0]


def has_gpu(instance_type: str) -> bool:
    """Whether images for GPUs are meant for it."""
    return family(instance_type).startswith(GPU_FAMILIES)


def has_neuron(instance_type: str) -> bool:
    """Whether it has Trainium or Inferentia chips, which need images of their own."""
    return family(instance_type).startswith(NEURON_FAMILIES)


def is_burstable(instance_type: str) -> bool:
    """Whether it runs on CPU credits, as the families t2 and t3 do."""
    return family(instance_type) in BURSTABLE_FAMILIES
