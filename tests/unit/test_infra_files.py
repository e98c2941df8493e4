"""The files of infra/ that this machine cannot run: what can be said about them without their programs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from geogate.cli.main import COMMANDS
from geogate.gate.settings import KNOWN
from infra.terraform.generate import MODULE, generate

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE = REPOSITORY / "infra" / "compose" / "compose.yaml"
OURS = ("init", "console", "airflow-migrate", "airflow-api", "airflow-dags", "airflow-scheduler")


@cache
def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(COMPOSE.read_text(encoding="utf-8"))
    return found


def test_the_terraform_module_is_what_the_template_says() -> None:
    assert MODULE.read_text(encoding="utf-8") == generate()


@pytest.mark.parametrize("name", ["ledger", "airflow-database", *OURS])
def test_each_service_names_only_what_there_is(name: str) -> None:
    found, service = compose(), compose()["services"][name]
    assert set(service.get("secrets", ())) <= found["secrets"].keys()
    assert set(service.get("networks", ())) <= found["networks"].keys()
    assert set(service.get("depends_on", ())) <= found["services"].keys()
    named = {str(volume).partition(":")[0] for volume in service.get("volumes", ())}
    assert {volume for volume in named if re.fullmatch("[a-z-]+", volume)} <= found["volumes"].keys()


def test_there_are_no_other_services() -> None:
    assert compose()["services"].keys() == {"ledger", "airflow-database", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_what_we_run_gets_no_more_than_it_needs(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "privileged" not in service
    settings = {variable for variable in service.get("environment", {}) if variable.startswith("GEOGATE_")}
    assert settings <= KNOWN
    command = service["command"][0]
    assert command in COMMANDS or service.get("entrypoint") == ["airflow"]


def test_secrets_are_files_and_only_the_tasks_have_the_brokers() -> None:
    services = compose()["services"]
    assert all(set(secret) == {"file"} for secret in compose()["secrets"].values())
    assert [name for name, each in services.items() if "broker_credentials" in each.get("secrets", ())] == [
        "airflow-scheduler"
    ]
    channels = [
        name for name, each in services.items() if any("destinations:" in str(v) for v in each.get("volumes", ()))
    ]
    assert channels == ["airflow-scheduler"]
    assert {"GEOGATE_HTTPS", "GEOGATE_SFTP_KEYS"} <= services["airflow-scheduler"]["environment"].keys()
    text = COMPOSE.read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD: |SECRET: |AWS_SECRET", text)


def test_databases_are_not_reached_from_outside() -> None:
    found = compose()
    for name, network in (("ledger", "ledger"), ("airflow-database", "airflow")):
        assert found["services"][name]["networks"] == [network]
        assert "ports" not in found["services"][name]
        assert found["networks"][network] == {"internal": True}


def test_the_image_is_made_from_pinned_versions_and_runs_as_nobody_special() -> None:
    text = (REPOSITORY / "infra" / "compose" / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in text
    assert text.index("USER geogate") > text.rindex("RUN ")
    for source in re.findall(r"^COPY (.+) \S+$", text, flags=re.MULTILINE):
        assert all((REPOSITORY / each).exists() for each in source.split())
