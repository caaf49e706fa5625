"""Logs that keep coming: watched folders and queues, and what senders push over HTTP and gRPC, each record once whatever is repeated or killed."""

import gzip
import http.client
import importlib
import json
import os
import queue
import signal
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import pytest
from grpc_tools import protoc
from harness import Coldtrail, wait_for
from stores import HOST, free_ports, running

TOKEN = "a-token-of-this-test"


def record(number):
    """A record of CloudTrail."""
    return {
        "eventVersion": "1.08", "eventTime": f"2026-01-05T10:{number // 60 % 60:02}:{number % 60:02}Z", "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject", "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7", "userAgent": "test", "eventID": f"id-{number}",
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "userName": "ann"},
    }  # fmt: skip


def lines(first, last):
    return "".join(json.dumps(record(number)) + "\n" for number in range(first, last)).encode()


@pytest.fixture
def node(binary, tmp_path):
    coldtrail = Coldtrail(binary, tmp_path / "node")
    port, grpc_port = free_ports(2)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    tokens = coldtrail.folder / "tokens"
    tokens.write_text(f"# senders\n{TOKEN}\n")
    (coldtrail.folder / "coldtrail.toml").write_text(f"""
[[watch]]
location = "{inbox}"
every_seconds = 1
settle_seconds = 0

[push]
bind = "127.0.0.1:{port}"
grpc_bind = "127.0.0.1:{grpc_port}"
tokens_file = "{tokens}"

[push.limits]
flush_seconds = 1
""")
    coldtrail.inbox, coldtrail.port, coldtrail.grpc_port = inbox, port, grpc_port
    return coldtrail


def push(port, path, body, token=TOKEN, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers={"Authorization": token} | headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def count(server):
    return server.value("SELECT count(*) FROM api_activity"), server.value("SELECT count(DISTINCT metadata_uid) FROM api_activity")


def test_a_watched_folder_is_searchable_soon(node):
    with node.serve() as server:
        (node.inbox / "first.json").write_bytes(lines(0, 50))
        wait_for("the first file", lambda: count(server) == (50, 50), 60)
        (node.inbox / "copy.json.gz").write_bytes(gzip.compress(lines(50, 80)))
        (node.inbox / "same-again.json").write_bytes(lines(0, 50))
        wait_for("the second file", lambda: count(server)[1] == 80, 60)
        wait_for("the copy to be noted", lambda: server.value("SELECT count(*) FROM system.sources") >= 2, 60)
        assert count(server) == (80, 80), "the same bytes under another name are taken once"


def test_pushes_are_confirmed_after_the_commit_and_repeated_ones_are_taken_once(node):
    with node.serve() as server:
        wait_for("the listener", lambda: push(node.port, "/services/collector/health", None, token=f"Splunk {TOKEN}")[0] == 200, 30)
        status, answer = push(node.port, "/v1/events?source=aws_cloudtrail", lines(0, 40), token=f"Bearer {TOKEN}")
        assert status == 200, answer
        assert count(server) == (40, 40), "an answer comes after the commit"
        assert push(node.port, "/v1/events?source=aws_cloudtrail", lines(0, 40), token=f"Bearer {TOKEN}")[0] == 200
        assert count(server) == (40, 40)
        events = "".join(json.dumps({"event": record(number), "sourcetype": "aws:cloudtrail", "time": 1}) for number in range(40, 60)).encode()
        status, answer = push(node.port, "/services/collector/event", events, token=f"Splunk {TOKEN}")
        assert status == 200 and json.loads(answer)["code"] == 0, answer
        assert count(server) == (60, 60)
        body = gzip.compress(lines(60, 70))
        assert push(node.port, "/v1/events", body, token=f"Bearer {TOKEN}", **{"Content-Encoding": "gzip"})[0] == 200
        assert count(server) == (70, 70)
        assert push(node.port, "/v1/events", lines(70, 71), token="Bearer wrong")[0] in (401, 403)
        assert push(node.port, "/v1/events", lines(70, 71), token="")[0] in (401, 403)
        assert count(server) == (70, 70)
        assert TOKEN not in server.log.read_text()


def test_what_was_received_outlives_a_kill(node):
    with node.serve() as server:
        wait_for("the listener", lambda: push(node.port, "/services/collector/health", None, token=f"Splunk {TOKEN}")[0] == 200, 30)
        channel = {"X-Splunk-Request-Channel": "5f0d4b1e-6f0e-4a4e-9f5e-0c8d3c1f7a11"}
        body = "".join(json.dumps({"event": record(number)}) for number in range(30)).encode()
        status, answer = push(node.port, "/services/collector/event", body, token=f"Splunk {TOKEN}", **channel)
        assert status == 200 and "ackId" in json.loads(answer), answer
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    with node.serve() as server:
        wait_for("the spool to be committed", lambda: count(server) == (30, 30), 60)


def test_pushes_are_encrypted_with_the_given_certificate(node):
    certificates = node.folder / "certificates"
    node.run("cluster", "certs", certificates, "listener", "--also", "127.0.0.1")
    settings = node.folder / "coldtrail.toml"
    files = f'tls_certificate = "{certificates / "listener.pem"}"\ntls_key = "{certificates / "listener-key.pem"}"\n\n[push.limits]'
    settings.write_text(settings.read_text().replace("[push.limits]", files))
    trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with node.serve() as server:
        request = urllib.request.Request(f"https://127.0.0.1:{node.port}/v1/events", data=lines(0, 5), headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:
            assert answer.status == 200
        assert count(server) == (5, 5)
        with pytest.raises((OSError, http.client.HTTPException)):
            push(node.port, "/v1/events", lines(5, 6), token=f"Bearer {TOKEN}")
        assert count(server) == (5, 5), "nothing is taken in the clear"


def test_a_listener_that_would_show_tokens_is_refused(node):
    (node.folder / "coldtrail.toml").write_text(f'[push]\nbind = "0.0.0.0:{node.port}"\ntokens_file = "tokens"\n')
    ran = node.try_run("config", "--check")
    assert ran.code != 0 and "push.tls_certificate" in ran.err, ran.err


@pytest.fixture(scope="session")
def ingest_v1(tmp_path_factory):
    """The messages and the client of `proto/coldtrail/ingest/v1`, as any sender in Python makes them."""
    protos, made = Path(__file__).parents[2] / "proto", tmp_path_factory.mktemp("proto")
    arguments = ["protoc", f"-I{protos}", f"--python_out={made}", f"--grpc_python_out={made}", "coldtrail/ingest/v1/ingest.proto"]
    assert protoc.main(arguments) == 0
    sys.path.insert(0, str(made))
    try:
        yield importlib.import_module("coldtrail.ingest.v1.ingest_pb2"), importlib.import_module("coldtrail.ingest.v1.ingest_pb2_grpc")
    finally:
        sys.path.remove(str(made))


class Stream:
    """An open call of `IngestService.Push`."""

    def __init__(self, ingest_v1, channel, token=TOKEN):
        self.messages, services = ingest_v1
        self.requests = queue.Queue()
        stub = services.IngestServiceStub(channel)
        self.answers = stub.Push(iter(self.requests.get, None), metadata=[("authorization", f"Bearer {token}")], timeout=120)

    def send(self, name, body, **more):
        self.requests.put(self.messages.PushRequest(id=name, records=body, **({"source": "aws_cloudtrail"} | more)))

    def next(self):
        return next(self.answers)

    def end(self):
        self.requests.put(None)
        return list(self.answers)


def counts(answer):
    return answer.id, answer.taken.events, answer.taken.rejects, answer.taken.duplicates


def connect(port):
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    grpc.channel_ready_future(channel).result(timeout=60)
    return channel


def test_batches_over_grpc_are_acknowledged_after_the_commit_and_repeated_ones_are_taken_once(node, ingest_v1):
    with node.serve() as server, connect(node.grpc_port) as channel:
        stream = Stream(ingest_v1, channel)
        stream.send("one", lines(0, 40) + b"not a record\n", account="999900001111", labels=["edge"])
        answer = stream.next()
        assert counts(answer) == ("one", 40, 1, 0), answer
        assert count(server) == (40, 40), "an answer comes after the commit"
        assert server.value(f"SELECT records FROM system.sources WHERE url = '{answer.taken.object}'") == 41
        assert server.value("SELECT count(*) FROM api_activity WHERE array_has(metadata_labels, 'edge')") == 40
        assert server.value("SELECT count(*) FROM api_activity WHERE cloud_account_uid = '999900001111'") == 0, "these events name their account"
        stream.send("one", lines(0, 40) + b"not a record\n", account="999900001111", labels=["edge"])
        assert counts(stream.next()) == ("one", 0, 0, 41)
        stream.send("odd", lines(0, 1), source="cloudtrial")
        refused = stream.next().refused
        assert refused.reason == ingest_v1[0].REASON_UNKNOWN_SOURCE and "cloudtrial" in refused.message, refused
        stream.send("packed", gzip.compress(lines(40, 50)), compression=ingest_v1[0].COMPRESSION_GZIP)
        assert [counts(answer) for answer in stream.end()] == [("packed", 10, 0, 0)]
        assert count(server) == (50, 50)
        with pytest.raises(grpc.RpcError) as wrong:
            Stream(ingest_v1, channel, token="wrong").next()
        assert wrong.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert TOKEN not in server.log.read_text()


def test_what_a_killed_server_did_not_acknowledge_is_sent_again_and_taken_once(node, ingest_v1):
    with node.serve() as server, connect(node.grpc_port) as channel:
        stream = Stream(ingest_v1, channel)
        for number in range(10):
            stream.send(f"batch-{number}", lines(number * 5, number * 5 + 5))
        stream.next()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        with pytest.raises(grpc.RpcError):
            list(stream.answers)
    with node.serve() as server, connect(node.grpc_port) as channel:
        stream = Stream(ingest_v1, channel)
        for number in range(10):
            stream.send(f"batch-{number}", lines(number * 5, number * 5 + 5))
        answers = sorted(counts(answer) for answer in stream.end())
        assert [name for name, *_ in answers] == [f"batch-{number}" for number in range(10)]
        assert all(events + duplicates == 5 for _, events, _, duplicates in answers), answers
        assert count(server) == (50, 50)


def test_calls_over_grpc_are_encrypted_with_the_given_certificate(node, ingest_v1):
    certificates = node.folder / "certificates"
    node.run("cluster", "certs", certificates, "listener", "--also", "127.0.0.1")
    settings = node.folder / "coldtrail.toml"
    files = f'tls_certificate = "{certificates / "listener.pem"}"\ntls_key = "{certificates / "listener-key.pem"}"\n\n[push.limits]'
    settings.write_text(settings.read_text().replace("[push.limits]", files))
    trusted = grpc.ssl_channel_credentials((certificates / "ca.pem").read_bytes())
    with node.serve() as server, grpc.secure_channel(f"127.0.0.1:{node.grpc_port}", trusted) as channel:
        grpc.channel_ready_future(channel).result(timeout=60)
        stream = Stream(ingest_v1, channel)
        stream.send("one", lines(0, 5))
        assert [counts(answer) for answer in stream.end()] == [("one", 5, 0, 0)]
        assert count(server) == (5, 5)
        with grpc.insecure_channel(f"127.0.0.1:{node.grpc_port}") as clear, pytest.raises(grpc.RpcError):
            Stream(ingest_v1, clear).next()


@pytest.fixture
def aws(tmp_path):
    """S3 and SQS on this machine: moto sends real notifications from a bucket to a queue."""
    boto3 = pytest.importorskip("boto3")
    (port,) = free_ports(1)
    place = f"http://{HOST}:{port}"
    folder = tmp_path / "moto"
    folder.mkdir()
    options = {"endpoint_url": place, "region_name": "us-east-1", "aws_access_key_id": "e2e", "aws_secret_access_key": "e2e"}
    with running([str(Path(sys.executable).parent / "moto_server"), "-H", HOST, "-p", str(port)], folder, f"{place}/moto-api/"):
        s3, sqs = boto3.client("s3", **options), boto3.client("sqs", **options)
        s3.create_bucket(Bucket="trail")
        url = sqs.create_queue(QueueName="new-logs", Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        notify = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
        s3.put_bucket_notification_configuration(Bucket="trail", NotificationConfiguration=notify)
        yield place, s3, sqs, url


def left(sqs, url):
    """Messages in a queue, those that were received and not deleted with them."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_a_queue_tells_of_new_objects_and_its_messages_go_after_their_commit(binary, tmp_path, aws):
    place, s3, sqs, url = aws
    environment = {"COLDTRAIL_STORE_S3_ENDPOINT": place, "COLDTRAIL_STORE_S3_REGION": "us-east-1", "COLDTRAIL_STORE_ALLOW_HTTP": "true"}
    environment |= {"AWS_ACCESS_KEY_ID": "e2e", "AWS_SECRET_ACCESS_KEY": "e2e"}
    coldtrail = Coldtrail(binary, tmp_path / "told", environment=environment)
    (coldtrail.folder / "coldtrail.toml").write_text(f"""
[[watch]]
location = "s3://trail/logs/"
source = "aws_cloudtrail"
every_seconds = 1
settle_seconds = 0
queue = "{url}"
queue_wait_seconds = 1
""")
    s3.put_object(Bucket="trail", Key="logs/before.json", Body=lines(0, 10))
    with coldtrail.serve() as server:
        wait_for("what lay there before", lambda: count(server) == (10, 10), 60)
        s3.put_object(Bucket="trail", Key="logs/a b+c&d.json", Body=lines(10, 20))
        s3.put_object(Bucket="trail", Key="logs/packed.json.gz", Body=gzip.compress(lines(20, 30)))
        wait_for("what the queue tells of", lambda: count(server) == (30, 30), 60)
        wait_for("the messages to be deleted", lambda: left(sqs, url) == 0, 60)
        # One that nobody can read, one of another place, and one that comes twice: none of them holds up what comes after.
        sqs.send_message(QueueUrl=url, MessageBody="not a notification")
        s3.put_object(Bucket="trail", Key="elsewhere/x.json", Body=lines(900, 901))
        again = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "trail"}, "object": {"key": "logs/packed.json.gz"}}}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Type": "Notification", "Message": json.dumps({"Records": [again]})}))
        s3.put_object(Bucket="trail", Key="logs/after.json", Body=lines(30, 40))
        wait_for("what comes after", lambda: count(server) == (40, 40), 60)
        wait_for("two messages to stay", lambda: left(sqs, url) == 2, 60)
    # While nobody listens a message is lost: the listing at the next start finds its object.
    s3.put_object(Bucket="trail", Key="logs/lost.json", Body=lines(40, 50))
    sqs.purge_queue(QueueUrl=url)
    with coldtrail.serve() as server:
        wait_for("the listing", lambda: count(server) == (50, 50), 60)


def test_a_queue_that_is_not_there_is_said_and_the_location_is_listed_all_the_same(binary, tmp_path, aws):
    place, s3, _, url = aws
    environment = {"COLDTRAIL_STORE_S3_ENDPOINT": place, "COLDTRAIL_STORE_S3_REGION": "us-east-1", "COLDTRAIL_STORE_ALLOW_HTTP": "true"}
    environment |= {"AWS_ACCESS_KEY_ID": "e2e", "AWS_SECRET_ACCESS_KEY": "e2e"}
    coldtrail = Coldtrail(binary, tmp_path / "untold", environment=environment)
    watch = f'[[watch]]\nlocation = "s3://trail/logs/"\nsettle_seconds = 0\nqueue = "{url}-of-nobody"\nqueue_wait_seconds = 1\n'
    (coldtrail.folder / "coldtrail.toml").write_text(watch)
    s3.put_object(Bucket="trail", Key="logs/before.json", Body=lines(0, 10))
    with coldtrail.serve() as server:
        wait_for("the listing", lambda: count(server) == (10, 10), 60)
        wait_for("the reason", lambda: "cannot receive from the queue" in server.log.read_text(), 60)


def test_rejects_are_read_again_once_their_mapping_is_mended(binary, tmp_path):
    coldtrail = Coldtrail(binary, tmp_path / "mended")
    log = tmp_path / "acme.json"
    log.write_text("".join(json.dumps({"acme": 1, "what": "open", "at": f"2026-01-05T10:00:0{number}Z", "moment": f"2026-01-05T10:00:0{number}Z"}) + "\n" for number in range(5)))
    mapping = "source: acme\ndocumentation: https://acme.example/logs\nrecognised_by: [[acme]]\ntime: {}\nevent: what\nclasses: {{\"*\": api_activity by verb}}\n"
    (tmp_path / "acme.yml").write_text(mapping.format("no_such_field"))
    (coldtrail.folder / "coldtrail.toml").write_text(f'mappings = ["{tmp_path / "acme.yml"}"]\n')
    report = json.loads(coldtrail.try_run("ingest", "--json", "--source", "acme", log).out)
    assert (report["events"], report["rejects"]) == (0, 5), report
    (tmp_path / "acme.yml").write_text(mapping.format("at"))
    again = json.loads(coldtrail.run("rejects", "retry", "--source", "acme", "--json").out)
    assert (again["rows"], again["events"], again["rejects"]) == (5, 5, 0), again
    assert json.loads(coldtrail.run("rejects", "retry", "--source", "acme", "--json").out)["rows"] == 0
    with coldtrail.serve() as server:
        assert server.value("SELECT count(*) FROM events") == 5
        assert server.value("SELECT count(*) FROM system.rejects") == 0
