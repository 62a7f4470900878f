"""Renew sm_raw/specs/image_uris.json, the images of AWS that ``image_uri`` knows, from AWS's own SDK package.

    pip download --no-deps sagemaker==2.257.7
    python scripts/renew_image_uris.py sagemaker-2.257.7-py3-none-any.whl

Takes a wheel or the folder of an installed package (site-packages/sagemaker), and downloads nothing. Images that the
package does not list, such as those for custom rules of Debugger, are kept as they are in the file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

OUTPUT = Path(__file__).parents[1] / "sm_raw" / "specs" / "image_uris.json"
SOURCE = "https://github.com/aws/sagemaker-python-sdk/tree/v{}"

# Our name of each framework, and the file that the package has for it.
FRAMEWORKS: Mapping[str, str] = {
    "pytorch": "pytorch",
    "tensorflow": "tensorflow",
    "huggingface": "huggingface",
    "sklearn": "sklearn",
    "xgboost": "xgboost",
    "image-classification": "image-classification",
    "debugger-rules": "debugger",
}
PURPOSES = {
    "training": "training",
    "inference": "inference",
    "inference_graviton": "inference-graviton",
    "debugger": "training",
}
# An AWS account stands for its registry in every region: accounts are listed under the one of this region.
HOME_REGION = "us-east-1"
# What the package's code adds to the tags of its files: the first images of Hugging Face, and those for Graviton.
FIRST_HUGGINGFACE_SUFFIX = {"gpu": "cu110-ubuntu18.04"}
ARM_PREFIX = {"sklearn", "xgboost"}

Row: TypeAlias = dict[str, Any]
Accounts: TypeAlias = dict[str, dict[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="a wheel of sagemaker, or the folder of an installed one")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--date", default=date.today().isoformat(), help="when the package was read (today)")
    options = parser.parse_args(arguments)
    rows = {name: rows_of(name, configuration(options.package, file)) for name, file in FRAMEWORKS.items()}
    before = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {}
    document = renewed(before, rows, version=version_of(options.package), read=options.date)
    options.output.write_text(rendered(document), encoding="utf-8")
    count = sum(map(len, document["images"].values()))
    print(f"{options.output}: {count} images from {document['source']}", file=sys.stderr)
    return 0


def version_of(package: Path) -> str:
    """``2.257.7`` of a wheel's name, or of the .dist-info folder beside an installed package."""
    beside = package.parent.glob("sagemaker-*.dist-info") if package.is_dir() else [package]
    versions = [found[1] for path in beside if (found := re.match(r"sagemaker-(\d+(?:\.\d+)+)[-.]", path.name))]
    if len(versions) != 1:
        raise SystemExit(f"{package} is no package of a known version; give a wheel or site-packages/sagemaker")
    return versions[0]


def configuration(package: Path, name: str) -> Mapping[str, Any]:
    """What the package says about the images of one framework."""
    if package.is_dir():
        text = (package / "image_uri_config" / f"{name}.json").read_text(encoding="utf-8")
    else:
        with zipfile.ZipFile(package) as archive:
            text = archive.read(f"sagemaker/image_uri_config/{name}.json").decode()
    found: Mapping[str, Any] = json.loads(text)
    return found


def rows_of(framework: str, config: Mapping[str, Any]) -> list[Row]:
    """One row for each image, oldest version first; images that serve two purposes have one row for both."""
    merged: dict[str, Row] = {}
    for scope, purpose in PURPOSES.items():
        for row in _rows_of_scope(framework, scope, _scope(config, scope)):
            same = merged.setdefault(json.dumps(row, sort_keys=True), {**row, "purposes": []})
            same["purposes"].append(purpose)
    return list(merged.values())


def _scope(config: Mapping[str, Any], scope: str) -> Mapping[str, Any]:
    if "scope" in config:
        return config if scope in config["scope"] else {}
    found: Mapping[str, Any] = config.get(scope, {})
    return found


def _rows_of_scope(framework: str, scope: str, config: Mapping[str, Any]) -> Iterator[Row]:
    aliases = config.get("version_aliases", {})
    for version, entry in config.get("versions", {}).items():
        for base, image in _images(entry):
            row = _row(image, config.get("processors", []))
            if framework == "huggingface":
                row = {**row, **_base(base, entry), "suffixes": row["suffixes"] or FIRST_HUGGINGFACE_SUFFIX}
            if scope == "inference_graviton":
                row = {**row, **_graviton(framework, version, row["suffixes"])}
            yield {"version": version, "also": _short_for(version, aliases), **row}


def _images(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(key, image) of a version; the key is that of a version with several images, by Python or by base framework."""
    if "registries" in entry:
        yield "", entry
        return
    for key, image in entry.items():
        if key != "version_aliases":
            yield key, {"py_versions": [key], **image} if re.fullmatch(r"py\d+", key) else image


def _row(image: Mapping[str, Any], processors: Sequence[str]) -> Row:
    return {
        "repository": image["repository"],
        "registries": image["registries"],
        "pythons": image.get("py_versions", []),
        "processors": list(image.get("processors", processors)),
        "suffixes": image.get("container_version", {}),
    }


def _base(base: str, entry: Mapping[str, Any]) -> Row:
    return {"base": base, "base_also": _short_for(base, entry.get("version_aliases", {}))}


def _graviton(framework: str, version: str, suffixes: Mapping[str, str]) -> Row:
    if framework in ARM_PREFIX:
        return {"prefix": f"{version}-arm64"}
    return {"suffixes": {processor: f"{suffix}-sagemaker" for processor, suffix in suffixes.items()}}


def _short_for(version: str, aliases: Mapping[str, str]) -> list[str]:
    return [alias for alias, full in aliases.items() if full == version]


def renewed(before: Mapping[str, Any], rows: Mapping[str, list[Row]], *, version: str, read: str) -> dict[str, Any]:
    """The whole document: the rows of the package, and what the file before had from elsewhere."""
    kept = before.get("kept", {})
    accounts = _accounts(rows)
    images = {name: [_compact(row, accounts) for row in each] for name, each in rows.items()}
    for name in kept:
        images[name] = before["images"][name]
        for row in images[name]:
            accounts[row["registry"]] = before["accounts"][row["registry"]]
    source = SOURCE.format(version)
    return {"source": source, "read": read, "kept": kept, "accounts": dict(sorted(accounts.items())), "images": images}


def _accounts(rows: Mapping[str, list[Row]]) -> Accounts:
    """The accounts by region of each registry; images need not be in all of its regions."""
    accounts: Accounts = {}
    for row in (row for each in rows.values() for row in each):
        known = accounts.setdefault(row["registries"][HOME_REGION], {})
        for region, account in row["registries"].items():
            if known.setdefault(region, account) != account:
                raise SystemExit(f"{row['repository']} {row['version']} is elsewhere in {region}: {account}")
    return {home: dict(sorted(regions.items())) for home, regions in accounts.items()}


def _compact(row: Row, accounts: Accounts) -> Row:
    registries = row["registries"]
    home = registries[HOME_REGION]
    lacking = [region for region in accounts[home] if region not in registries]
    fields = {**row, "registry": home, "lacking": lacking}
    del fields["registries"]
    return {name: value for name, value in fields.items() if value}


def rendered(document: Mapping[str, Any]) -> str:
    """JSON with one line for each image and each region, so that a renewal is a readable diff."""
    facts = [f' "{name}": {json.dumps(document[name])}' for name in ("source", "read", "kept")]
    accounts = [_block(home, _pairs(regions)) for home, regions in document["accounts"].items()]
    images = [_block(name, map(json.dumps, rows), "[]") for name, rows in document["images"].items()]
    sections = [*facts, _section("accounts", accounts), _section("images", images)]
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _section(name: str, blocks: Sequence[str]) -> str:
    return f' "{name}": {{\n' + ",\n".join(blocks) + "\n }"


def _pairs(values: Mapping[str, str]) -> Iterator[str]:
    return (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())


def _block(name: str, lines: Iterator[str], brackets: str = "{}") -> str:
    inside = ",\n".join(f"   {line}" for line in lines)
    return f'  "{name}": {brackets[0]}\n{inside}\n  {brackets[1]}'


if __name__ == "__main__":
    sys.exit(main())
