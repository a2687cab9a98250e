"""What is given to run tieout in production: it parses, and names only what there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from orchestration import cli
from orchestration.home import PROJECT_DIR

FOLDER = PROJECT_DIR / "orchestration" / "deploy"
UNITS = sorted((FOLDER / "systemd").glob("*.service"))
TIMERS = sorted((FOLDER / "systemd").glob("*.timer"))
MANIFESTS = sorted(
    path
    for folder in ("kubernetes", "controller")
    for path in (FOLDER / folder).glob("*.yaml")
    if path.name != "kustomization.yaml"
)
KUBERNETES = "1.31"
WHERE_WANTED = {"tieout-consumer.service", "tieout-receiver.service", "tieout-watch.service"}
OF_OTHERS = {"metacontroller.k8s.io/v1alpha1", "tieout.example.com/v1"}
"""Kinds that are no part of Kubernetes."""


def documents(*paths: Path) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def everything(node: Any, key: str) -> Iterator[Any]:
    """Each value of a key, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from everything(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from everything(value, key)


def compose() -> dict[str, Any]:
    (found,) = documents(FOLDER / "compose" / "compose.yaml")
    return found


def settings_of(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator:
            found.setdefault(name, []).append(value)
    return found


def commands() -> Iterator[list[str]]:
    """Every command line of tieout's that some file starts."""
    for unit in UNITS:
        (started,) = settings_of(unit)["ExecStart"]
        yield ["tieout", *shlex.split(started)[1:]]
    for service in compose()["services"].values():
        if "command" in service:
            yield service["command"]
    for document in documents(*MANIFESTS):
        for containers in everything(document, "containers"):
            for container in containers:
                if "command" not in container:
                    yield container["args"]


def test_every_command_is_one_of_tieouts() -> None:
    found = list(commands())
    assert len(found) >= 16
    # each service is started by systemd, by Compose and in Kubernetes
    for service in (["serve", "daemon"], ["receive"], ["consume"], ["watch"]):
        assert sum(command[1 : 1 + len(service)] == service for command in found) >= 3, service
    for program, *arguments in found:
        assert program == "tieout"
        cli.parser().parse_args(arguments)  # exits where it knows them not
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    for named in re.findall(r"`tieout ([a-z ]+)`", told):
        cli.parser().parse_args(named.split())


def test_every_setting_is_one_that_the_code_reads() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("orchestration", "dashboard")
        for path in (PROJECT_DIR / folder).rglob("*")
        if path.suffix in {".py", ".yaml"} and FOLDER not in path.parents
    )
    named = {
        name
        for path in FOLDER.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
        for name in re.findall(r"TIEOUT_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    missing = {name for name in named if not re.search(rf"\b{name}\b", code)}
    assert not missing - {"TIEOUT_DUCKDB_MEMORY"}  # profiles.yml
    assert "TIEOUT_DUCKDB_MEMORY" in (PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    # verify looks for the program
    program = tmp_path / "tieout"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    copies = []
    for path in [*UNITS, *TIMERS, FOLDER / "systemd" / "tieout.target"]:
        text = path.read_text(encoding="utf-8").replace(
            "/opt/tieout/.venv/bin/tieout", str(program)
        )
        copies.append(tmp_path / path.name)
        copies[-1].write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, copies)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_target_starts_every_unit_and_each_is_contained() -> None:
    (wanted,) = settings_of(FOLDER / "systemd" / "tieout.target")["Wants"]
    by_timer = {path.with_suffix(".service").name for path in TIMERS}
    started = {*wanted.split(), *WHERE_WANTED, *by_timer}
    assert sorted(started) == [unit.name for unit in UNITS]
    for unit in UNITS:
        found = settings_of(unit)
        assert found["ProtectSystem"] == ["strict"]
        assert found["NoNewPrivileges"] == ["true"]
        # what may be written is the home of tieout.env
        assert found["StateDirectory"] == ["tieout"]
    environment = (FOLDER / "systemd" / "tieout.env").read_text(encoding="utf-8")
    assert "TIEOUT_HOME=/var/lib/tieout\n" in environment


def test_the_image_copies_what_there_is_and_all_that_a_run_needs() -> None:
    lines = (FOLDER / "compose" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {source for line in lines if line.startswith("COPY") for source in line.split()[1:-1]}
    assert all((PROJECT_DIR / source).exists() for source in copied)
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    needed = {
        path
        for key in ("model-paths", "seed-paths", "macro-paths", "test-paths")
        for path in project.get(key, [])
    }
    assert needed <= copied
    assert {"orchestration", "dashboard", "profiles.yml", "selectors.yml"} <= copied
    assert next(line for line in lines if line.startswith("USER")) == "USER tieout"


def test_the_image_has_what_its_services_ask_for() -> None:
    """What one of them imports, or is told by a setting, that not every installation has."""
    lines = (FOLDER / "compose" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (extras,) = (line.removeprefix("ARG EXTRAS=") for line in lines if "ARG EXTRAS=" in line)
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    installed = {*extras.split(",")}
    assert installed <= set(project["project"]["optional-dependencies"])
    services = compose()["services"].values()
    wanted = {"streams"} if ["tieout", "consume"] in [s.get("command") for s in services] else set()
    if any("TIEOUT_DAGSTER_DATABASE" in service.get("environment", {}) for service in services):
        wanted.add("postgres")
    assert wanted == {"postgres", "streams"} <= installed


def test_the_compose_file_is_consistent_and_opens_loopback_alone() -> None:
    told = compose()
    services = told["services"]
    daemons = [name for name, service in services.items() if "daemon" in service.get("command", [])]
    assert daemons == ["daemon"]
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            assert needed in services, name
        if "env_file" in service:
            assert service["profiles"] == ["events"]  # who wants them makes the file
        for mounted in service.get("volumes", []):
            source = mounted.split(":")[0]
            is_there = (FOLDER / "compose" / source).exists()
            assert source in told["volumes"] or is_there, name
        for opened in service.get("ports", []):
            assert opened.startswith("127.0.0.1:"), name
        for secret in service.get("secrets", []):
            assert secret in told["secrets"]
        if name != "postgres":
            assert (PROJECT_DIR / service["build"]["dockerfile"]).exists()
    context = FOLDER / "compose" / services["daemon"]["build"]["context"]
    assert context.resolve() == PROJECT_DIR


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_takes_the_manifests(path: Path) -> None:
    for document in documents(path):
        if document["apiVersion"] not in OF_OTHERS:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_manifests_name_only_what_others_make() -> None:
    made = {(d["kind"], d["metadata"]["name"]) for d in documents(*MANIFESTS)}
    # people make these, as the files say
    made |= {("Secret", "tieout-login"), ("Secret", "tieout-webhooks")}
    for document in documents(*MANIFESTS):
        for claim in everything(document, "claimName"):
            assert ("PersistentVolumeClaim", claim) in made
        for reference in everything(document, "configMapRef"):
            assert ("ConfigMap", reference["name"]) in made
        for reference in everything(document, "secretRef"):
            assert ("Secret", reference["name"]) in made
        for name in everything(document, "secretName"):
            assert ("Secret", name) in made
        for pod in everything(document, "containers"):
            for container in pod:
                assert container["image"] == "tieout"
                assert not container["securityContext"]["allowPrivilegeEscalation"]
    (kustomization,) = documents(FOLDER / "kubernetes" / "kustomization.yaml")
    assert all((FOLDER / "kubernetes" / name).exists() for name in kustomization["resources"])
    # two of them would start runs twice
    assert "cronjob.yaml" not in kustomization["resources"]
    # the daemon tells people already
    assert "alerts-cronjob.yaml" not in kustomization["resources"]


def test_the_charts_values_load_what_there_is() -> None:
    (values,) = documents(FOLDER / "helm" / "dagster-values.yaml")
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    option, module = deployment["dagsterApiGrpcArgs"]
    assert option == "--module-name"
    assert (PROJECT_DIR / Path(*module.split("."))).with_suffix(".py").exists()
    made = {(d["kind"], d["metadata"]["name"]) for d in documents(*MANIFESTS)}
    assert ("ConfigMap", deployment["envConfigMaps"][0]["name"]) in made
    assert ("Secret", deployment["envSecrets"][0]["name"]) in made
    claim = deployment["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert ("PersistentVolumeClaim", claim) in made
    (mount,) = deployment["volumeMounts"]
    (settings,) = (d for d in documents(*MANIFESTS) if d["kind"] == "ConfigMap")
    assert mount["mountPath"] == settings["data"]["TIEOUT_HOME"]
    coordinator = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert coordinator["maxConcurrentRuns"] == 1
