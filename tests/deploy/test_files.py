"""The files of `deploy/`: each is read by the tool that it is for."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelwire.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = [
    path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml"
]
TIMEOUT_S = 120


def find(*programs: str) -> str:
    """The first of some programs that is installed; without any the test is left out."""
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        pytest.skip(f"{' or '.join(programs)} is not installed")
    return found


def run(
    words: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def read_environment() -> dict[str, str]:
    """Return the variables of env.example, each with a value."""
    lines = (DEPLOY / "compose/env.example").read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    return dict.fromkeys(names, "given")


def test_docker_compose_takes_the_file() -> None:
    docker = shutil.which("docker")
    if docker and run([docker, "compose", "version"], DEPLOY).returncode == 0:
        words = [docker, "compose"]
    else:
        words = [find("docker-compose")]
    words += ["-f", "compose.yaml", "config"]
    done = run([*words, "-q"], DEPLOY / "compose", read_environment())
    assert done.returncode == 0, done.stderr
    empty = dict.fromkeys(read_environment(), "")
    assert "set it in .env" in run(words, DEPLOY / "compose", empty).stderr


def compose() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    return found


def test_the_compose_file_has_all_that_it_names() -> None:
    file, folder = compose(), DEPLOY / "compose"
    for name, service in file["services"].items():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            known = (folder / source).is_file() if source[0] == "." else source in file["volumes"]
            assert known, f"{name} mounts {source}"
        if "build" in service:
            assert (folder / service["build"]["dockerfile"]).is_file()
        assert set(service.get("depends_on", ())) <= file["services"].keys()
    assert len([name for name in file["services"] if name.startswith("etcd")]) == 3
    assert len([name for name in file["services"] if name.startswith("postgres")]) == 3


def named_settings() -> set[str]:
    service = compose()["services"]["service1"]["environment"]
    deployment = yaml.safe_load((DEPLOY / "kubernetes/deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {*service, *(variable["name"] for variable in container["env"])}


def check_grace(given: Mapping[str, Any], grace_s: float) -> None:
    """Check that a service may serve on, and end what it has begun, before it is killed."""
    delay_s = float(given["MODELWIRE_SHUTDOWN_DELAY_S"])
    assert delay_s > 0
    assert grace_s > delay_s + Settings.model_fields["shutdown_timeout_s"].default + 5


def test_the_compose_file_lets_services_end() -> None:
    service = compose()["services"]["service1"]
    check_grace(service["environment"], float(service["stop_grace_period"].removesuffix("s")))
    # HAProxy has seen that a node isn't ready any more before it stops.
    haproxy = (DEPLOY / "compose/haproxy.cfg").read_text()
    checks = re.search(r"inter (\d+)s fastinter 500ms downinter 1s fall (\d+)", haproxy)
    assert checks is not None
    assert float(service["environment"]["MODELWIRE_SHUTDOWN_DELAY_S"]) > (
        int(checks[1]) + 0.5 * (int(checks[2]) - 1) + 2
    )


def test_every_setting_is_one() -> None:
    known = {f"MODELWIRE_{name.upper()}" for name in Settings.model_fields}
    assert named_settings() <= known


def test_the_example_is_a_service_that_starts(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import main; print(sorted(main.app.openapi()['paths']))"]
    environment = {"MODELWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/a.db"}
    done = run(words, DEPLOY / "compose", {**environment, "PYTHONDONTWRITEBYTECODE": "1"})
    assert "/books/" in done.stdout, done.stderr


def test_haproxy_takes_its_file() -> None:
    done = run([find("haproxy"), "-c", "-f", "haproxy.cfg"], DEPLOY / "compose")
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "[WARNING]" in line]
    # Only Docker knows the names of the containers.
    assert all("could not resolve address" in line for line in warnings), warnings


def test_patroni_takes_its_file(tmp_path: Path) -> None:
    bin_dir = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if bin_dir is None:
        pytest.skip("Debian's postgresql is not installed, which Patroni asks for its version")
    text = (DEPLOY / "compose/patroni.yml").read_text()
    settings = yaml.safe_load(text)
    settings["postgresql"] |= {"bin_dir": str(bin_dir), "data_dir": str(tmp_path / "data")}
    (tmp_path / "patroni.yml").write_text(yaml.safe_dump(settings))
    image = (DEPLOY / "compose/postgres.Dockerfile").read_text().replace("$(hostname)", "postgres1")
    given = {
        name: value.split()[0]
        for name, _, value in (word.partition("=") for word in image.split())
        if name.removeprefix('"').startswith("PATRONI_") and value
    }
    assert {"PATRONI_POSTGRESQL_CONNECT_ADDRESS", "PATRONI_RESTAPI_CONNECT_ADDRESS"} <= given.keys()
    passwords = [name for name in compose()["x-postgres"]["environment"] if "PATRONI" in name]
    environment = {**given, "PATRONI_NAME": "postgres1", **dict.fromkeys(passwords, "given")}
    words = [find("patroni"), "--validate-config", "patroni.yml"]
    done = run(words, tmp_path, environment)
    told = (done.stdout + done.stderr).splitlines()
    # It also looks at the machine: etcd isn't there, and others may have the port.
    told = [line for line in told if not re.search("not reachable|not known|in use", line)]
    assert not told
    # What the environment has would be told of as missing.
    assert "connect_address" in run(words, tmp_path).stderr


def test_pgbouncer_leads_to_the_primary() -> None:
    # PgBouncer has no mode that only reads its file.
    parser = configparser.ConfigParser(comment_prefixes=(";", "#"))
    parser.read(DEPLOY / "compose/pgbouncer.ini")
    parameters = dict(word.split("=") for word in parser["databases"]["shop"].split())
    assert parser["pgbouncer"]["pool_mode"] == "transaction"
    haproxy = (DEPLOY / "compose/haproxy.cfg").read_text()
    assert (
        f"bind :{parameters['port']}" in haproxy.partition("listen primary")[2].split("server")[0]
    )


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = find("systemd-analyze")
    text = (DEPLOY / "systemd/shop.service").read_text()
    command = tmp_path / "modelwire"
    command.symlink_to("/bin/true")
    unit = tmp_path / "shop.service"
    unit.write_text(text.replace("/srv/shop/.venv/bin/modelwire", str(command)))
    done = run([analyze, "verify", str(unit)], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("TimeoutStopSec", "TimeoutStop"))
    assert "TimeoutStop" in run([analyze, "verify", str(unit)], tmp_path).stderr


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_kubernetes_takes_the_manifests(manifest: Path) -> None:
    # It has the schemas of Kubernetes; kubectl asks a cluster for them.
    words = [find("kubernetes-validate"), "--strict", manifest.name]
    done = run(words, manifest.parent)
    assert done.returncode == 0, done.stderr + done.stdout


def test_kustomize_takes_the_manifests() -> None:
    done = run([find("kubectl"), "kustomize", "."], DEPLOY / "kubernetes")
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    assert len(made) == len(MANIFESTS)


def test_manifests_speak_of_one_service() -> None:
    documents = {path.stem: yaml.safe_load(path.read_text()) for path in MANIFESTS}
    template = documents["deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    for name in ("deployment", "disruption"):
        assert documents[name]["spec"]["selector"]["matchLabels"].items() <= labels
    assert documents["service"]["spec"]["selector"].items() <= labels
    assert documents["autoscaler"]["spec"]["scaleTargetRef"]["name"] == "shop"
    (container,) = template["spec"]["containers"]
    (port,) = documents["service"]["spec"]["ports"]
    assert port["targetPort"] == container["ports"][0]["name"]
    # The pod has time to end what it has begun, behind the time in which it serves on.
    given = {variable["name"]: variable["value"] for variable in container["env"]}
    check_grace(given, template["spec"]["terminationGracePeriodSeconds"])
    assert json.dumps(documents).count("MODELWIRE_SECRET") == 0  # it comes from the secret
