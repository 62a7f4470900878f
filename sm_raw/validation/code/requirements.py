"""E/W740-749: requirements.txt, against the image and the network."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.code.base import CodeRule
from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.image_contents import Contents, image_contents
from sm_raw.validation.code.programs import Program
from sm_raw.validation.code.requirement_lines import Requirement
from sm_raw.validation.findings import Finding
from sm_raw.validation.wording import cut, listed, shown

INSTALLING = "https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/modules.py"


class RequirementsAreRead(CodeRule):
    """Each line of requirements.txt is one that pip reads."""

    id = "E740"
    source = "https://pip.pypa.io/en/stable/reference/requirements-file-format/"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        for line in code.requirements.lines:
            if line.is_wrong:
                message = f"{line.place} is no requirement: {shown(line.line)}; write a name, or name==version"
                yield self.finding(program, program.path, message)


class RequirementsKeepTheFramework(CodeRule):
    """requirements.txt asks for no other version of the framework than the image's own, which is built for it."""

    id = "W741"
    source = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        contents = image_contents(program.image)
        for line in code.requirements.lines if contents else ():
            held = contents.versions.get(line.name) if contents else None
            if contents and held and not line.has_marker and not line.allows(held):
                change = f"{line.name}{line.versions} takes the place of {held}, for which {contents.name} is built"
                yield self.finding(program, program.path, f"{line.place}: {change}; take the image of that version")


class RequirementsCanBeFetched(CodeRule):
    """Without network, requirements.txt lists nothing that the image does not hold."""

    id = "E742"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html"

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        missing = _missing(program, code) if program.isolation_path else []
        if missing:
            what = f"pip cannot fetch {_named(missing)}"
            hint = "put the packages into the code folder, or build an image with them"
            yield self.finding(program, program.isolation_path, f"without network {what}; {hint}")


class RequirementsAreInTheImage(CodeRule):
    """What requirements.txt lists is in the image; else it is installed at every start, which needs a network."""

    id = "W743"
    source = INSTALLING

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        missing = _missing(program, code) if not program.isolation_path else []
        contents = image_contents(program.image)
        if missing and contents:
            what = f"{contents.name} does not hold {_named(missing)}"
            message = (
                f"{what}: pip installs at each start, which takes time and a network; an image of your own need not"
            )
            yield self.finding(program, program.path, message)


def _missing(program: Program, code: CodeFolder) -> list[Requirement]:
    """The lines that make pip fetch something; none where the image is not known, or pip is told to look elsewhere."""
    contents, requirements = image_contents(program.image), code.requirements
    if contents is None or requirements.is_offline or any(line.is_local for line in requirements.lines):
        return []
    return [line for line in requirements.lines if not line.is_wrong and not _is_held(line, contents)]


def _is_held(line: Requirement, contents: Contents) -> bool:
    if line.has_marker:
        return True  # it may be for another platform
    held = contents.versions.get(line.name)
    return line.name in contents.packages and (held is None or line.allows(held))


def _named(missing: list[Requirement]) -> str:
    which = cut(listed((line.name or line.line for line in missing), "and"))
    return f"{which} ({missing[0].place.partition(':')[0]})"
