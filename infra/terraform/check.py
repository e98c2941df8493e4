"""Checks the Terraform module: it is what the template says, it is valid, and with ``--apply`` what comes of it.

Terraform and its provider are not on every machine: what could not be run is said, and is no success of its own.
``GEOGATE_TERRAFORM_PLUGINS`` names a folder of providers for machines without a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import boto3

from geogate.destinations.perimeter_compare import compare
from infra.deploy import TEMPLATE, Options
from infra.ministack import ROOT, ministack
from infra.terraform.generate import MODULE
from infra.terraform.generate import main as generated
from infra.users import create_demo_users

PROVIDER: Final = """\
provider "aws" {
  s3_use_path_style       = true
  skip_metadata_api_check = true
}
"""


def main(arguments: list[str]) -> int:
    """Check as far as this machine can."""
    if generated(["--check"]):
        return 1
    program = shutil.which("terraform")
    if program is None:
        _say("terraform is not here: the module was compared with the template, and not validated")
        return 0
    with tempfile.TemporaryDirectory(prefix="geogate-terraform-") as name:
        folder = Path(name)
        shutil.copy(MODULE, folder)
        plugins = os.environ.get("GEOGATE_TERRAFORM_PLUGINS", "/opt/tf-plugins")
        mirror = [f"-plugin-dir={plugins}"] if Path(plugins).is_dir() else []
        if _run(program, "init", "-input=false", *mirror, folder=folder).returncode:
            _say("terraform cannot get its provider here: the module was compared with the template, and not validated")
            return 0
        done = _run(program, "validate", folder=folder)
        _say("terraform validates the module" if done.returncode == 0 else done.stderr)
        if done.returncode or "--apply" not in arguments:
            return done.returncode
        return _apply(program, folder)


def _apply(program: str, folder: Path) -> int:
    """Apply the module on a server on loopback, and compare what came of it with the template."""
    (folder / "provider.tf").write_text(PROVIDER, encoding="utf-8")
    (folder / "server").mkdir()
    with ministack(folder / "server") as server:
        os.environ.update(server.environment(ROOT))
        users = create_demo_users(boto3.Session(), prefix="geogate")
        options = Options(broker_arn=users.worker.arn, tls=False)
        named = ["-var", "require_tls=false", "-var", f"broker_arn={users.worker.arn}", "-input=false"]
        done = _run(program, "apply", *named, "-auto-approve", folder=folder)
        if done.returncode:
            _say(done.stderr)
            return 1
        lines = compare(TEMPLATE.read_text(encoding="utf-8"), options.parameters)
        again = _run(program, "plan", *named, "-detailed-exitcode", folder=folder).returncode
    bad = [line for line in lines if line.bad]
    for line in bad:
        _say(f"{line.resource}: {line.trait} {line.outcome} ({line.said})")
    _say(f"applied: {len(lines) - len(bad)} of {len(lines)} properties as wanted, {'no' if not again else 'a'} drift")
    return 1 if bad or again else 0


def _run(program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment: dict[str, Any] = {key: value for key, value in os.environ.items() if key != "TF_CLI_CONFIG_FILE"}
    return subprocess.run(  # noqa: S603 - a program of this machine, on a module of ours
        [program, *arguments, "-no-color"],
        cwd=folder,
        env=environment | {"CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
