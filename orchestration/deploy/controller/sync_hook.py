"""The hook that Metacontroller asks: which Job follows from a ReconciliationJob, and how it is.

Metacontroller watches, creates, deletes and repeats; what is ours is a function from the resource
and its children to what should be there, which asks nothing and remembers nothing. It is called as
the documentation of CompositeController says: `parent` and `children` in, `status` and `children`
out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOME = "/home/tieout/data"
LARGEST_REQUEST = 10_000_000
JOBS = "Job.batch/v1"
"""Key of the Jobs among the children."""


def sync(request: Mapping[str, Any]) -> dict[str, Any]:
    """Status of the resource, and the one Job that it stands for.

    Raises:
        KeyError, TypeError: when the request is none of Metacontroller's.
    """
    parent = request["parent"]
    children = request["children"].get(JOBS, {})
    wanted = job_of(parent)
    found = children.get(wanted["metadata"]["name"])
    status = {**status_of(found), "observedGeneration": parent["metadata"].get("generation", 1)}
    return {"status": status, "children": [wanted]}


def status_of(job: Mapping[str, Any] | None) -> dict[str, str]:
    """What became of the run, told by its Job."""
    if job is None:
        return {"phase": "Pending", "message": "The Job is about to be made."}
    for condition in job.get("status", {}).get("conditions", []):
        if condition.get("status") != "True":
            continue
        if condition["type"] == "Complete":
            return {"phase": "Published", "message": "The run has published."}
        if condition["type"] == "Failed":
            reason = condition.get("message") or condition.get("reason") or "no reason told"
            return {"phase": "Failed", "message": f"Nothing was published: {reason}"}
    if job.get("status", {}).get("active"):
        return {"phase": "Running", "message": "The run is under way."}
    return {"phase": "Pending", "message": "The Job waits for a place."}


def job_of(parent: Mapping[str, Any]) -> dict[str, Any]:
    """The Job of a ReconciliationJob: one run on its home."""
    spec = parent["spec"]
    labels = {
        "app.kubernetes.io/name": "tieout",
        "app.kubernetes.io/component": "run",
        "tieout/home": spec["homeClaim"],
    }
    environment = [{"name": "TIEOUT_HOME", "value": HOME}]
    if spec.get("asOf"):
        environment.append({"name": "TIEOUT_AS_OF", "value": spec["asOf"]})
    container = {
        "name": "run",
        "image": spec.get("image", "tieout"),
        "args": ["tieout", "run", "--trigger", "kubernetes"],
        "env": environment,
        "envFrom": [
            {"configMapRef": {"name": spec.get("settings", "tieout-settings")}},
            {"secretRef": {"name": spec.get("secrets", "tieout-secrets"), "optional": True}},
        ],
        "volumeMounts": [{"name": "home", "mountPath": HOME}],
        "resources": {"requests": {"memory": spec.get("memory", "4Gi")}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{parent['metadata']['name']}-run", "labels": labels},
        "spec": {
            # a run that another one keeps from the home, or that is killed, is taken up again
            "backoffLimit": 2,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 10001,
                        "runAsGroup": 10001,
                        "fsGroup": 10001,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [
                        {
                            "name": "home",
                            "persistentVolumeClaim": {"claimName": spec["homeClaim"]},
                        }
                    ],
                },
            },
        },
    }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/healthz" else 404, {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/sync" or not 0 < length <= LARGEST_REQUEST:
            self._answer(404 if self.path != "/sync" else 413, {})
            return
        try:
            answer = sync(json.loads(self.rfile.read(length)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._answer(400, {"error": f"no sync request: {type(error).__name__} {error}"})
            return
        self._answer(200, answer)

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        told = json.dumps(body).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: Metacontroller asks every few seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    ThreadingHTTPServer((options.host, options.port), _Handler).serve_forever()


if __name__ == "__main__":
    main()
