"""The hook that turns a ReconciliationJob into a Job, asked as Metacontroller asks it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from orchestration import cli
from orchestration.deploy.controller import sync_hook
from orchestration.home import PROJECT_DIR

FOLDER = PROJECT_DIR / "orchestration" / "deploy" / "controller"


def parent() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "example.yaml").read_text(encoding="utf-8"))
    found["metadata"]["generation"] = 1
    return found


def asked(jobs: dict[str, Any]) -> dict[str, Any]:
    return {
        "controller": {},
        "parent": parent(),
        "children": {sync_hook.JOBS: jobs},
        "related": {},
        "finalizing": False,
    }


def job(**status: Any) -> dict[str, Any]:
    made = sync_hook.job_of(parent())
    return {made["metadata"]["name"]: {**made, "status": status}}


def schema() -> dict[str, Any]:
    crd = yaml.safe_load((FOLDER / "crd.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.deploy.controller.sync_hook", "--port", str(port)],
        cwd=PROJECT_DIR,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def post(address: str, body: bytes) -> dict[str, Any]:
    request = urllib.request.Request(address + "/sync", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def test_a_resource_becomes_one_job_that_kubernetes_takes(address: str) -> None:
    answer = post(address, json.dumps(asked({})).encode())
    (child,) = answer["children"]
    kubernetes_validate.validate(child, "1.31", strict=True)
    jsonschema.validate(parent(), schema())
    jsonschema.validate({**parent(), "status": answer["status"]}, schema())
    assert answer["status"]["phase"] == "Pending"
    (container,) = child["spec"]["template"]["spec"]["containers"]
    cli.parser().parse_args(container["args"][1:])
    environment = {pair["name"]: pair["value"] for pair in container["env"]}
    assert environment["TIEOUT_AS_OF"] == "2026-07-01T06:00:00Z"
    (volume,) = child["spec"]["template"]["spec"]["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == "tieout-home"


def test_asked_again_it_says_the_same_whatever_is_there(address: str) -> None:
    first = post(address, json.dumps(asked({})).encode())
    later = post(address, json.dumps(asked(job(active=1))).encode())
    assert later["children"] == first["children"]


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ({}, "Pending"),
        ({"active": 1}, "Running"),
        ({"conditions": [{"type": "Complete", "status": "True"}]}, "Published"),
        ({"conditions": [{"type": "Failed", "status": "False"}], "active": 1}, "Running"),
        (
            {
                "conditions": [
                    {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
                ]
            },
            "Failed",
        ),
    ],
)
def test_the_job_tells_the_phase(status: dict[str, Any], phase: str) -> None:
    told = sync_hook.sync(asked(job(**status)))["status"]
    assert told["phase"] == phase
    jsonschema.validate({**parent(), "status": told}, schema())
    if phase == "Failed":
        assert "BackoffLimitExceeded" in told["message"]


def test_what_is_no_request_is_refused_and_the_hook_lives_on(address: str) -> None:
    for body, status in ((b"nonsense", 400), (b'{"parent": {}}', 400), (b"[]", 400)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(address, body)
        assert refused.value.code == status
    with urllib.request.urlopen(address + "/healthz", timeout=20) as answer:
        assert answer.status == 200
