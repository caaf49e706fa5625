#!/usr/bin/env python3
"""CloudTrail to Parquet with DuckDB: the same columns that Coldtrail places, the raw record, zstd, sorted by time, partitioned by day.

    duckdb_ingest.py LOGS OUT

A process of its own, so that its processor time and memory can be measured. Every record is parsed once: all members are taken out
with one list of paths. What Coldtrail does besides (classes, observables, bloom filters, exactly-once) has no counterpart here.
"""

import json
import sys
from pathlib import Path

import duckdb

# Column of Coldtrail to the member of the record.
MEMBERS = {
    "metadata_product_version": "$.eventVersion",
    "metadata_product_feature_name": "$.eventCategory",
    "metadata_event_code": "$.eventType",
    "metadata_uid": "$.eventID",
    "cloud_region": "$.awsRegion",
    "cloud_account_uid": "$.recipientAccountId",
    "actor_user_type": "$.userIdentity.type",
    "actor_user_name": "$.userIdentity.userName",
    "actor_user_uid": "$.userIdentity.arn",
    "actor_user_uid_alt": "$.userIdentity.principalId",
    "actor_user_account_uid": "$.userIdentity.accountId",
    "actor_user_credential_uid": "$.userIdentity.accessKeyId",
    "actor_invoked_by": "$.userIdentity.invokedBy",
    "actor_session_issuer": "$.userIdentity.sessionContext.sessionIssuer.arn",
    "actor_session_is_mfa": "$.userIdentity.sessionContext.attributes.mfaAuthenticated",
    "actor_session_created_time": "$.userIdentity.sessionContext.attributes.creationDate",
    "src_endpoint_ip": "$.sourceIPAddress",
    "src_endpoint_uid": "$.vpcEndpointId",
    "http_request_user_agent": "$.userAgent",
    "dst_endpoint_hostname": "$.tlsDetails.clientProvidedHostHeader",
    "http_request_body_length": "$.additionalEventData.bytesTransferredIn",
    "http_response_body_length": "$.additionalEventData.bytesTransferredOut",
    "api_response_error": "$.errorCode",
    "api_response_message": "$.errorMessage",
    "api_operation": "$.eventName",
    "api_service_name": "$.eventSource",
    "api_request_uid": "$.requestID",
    "api_request_data": "$.requestParameters",
    "api_response_data": "$.responseElements",
    "resources": "$.resources",
    "resources_uid": "$.resources[0].ARN",
    "resources_type": "$.resources[0].type",
    "user_name": "$.requestParameters.userName",
    "user_credential_uid": "$.responseElements.accessKey.accessKeyId",
    "is_mfa": "$.additionalEventData.MFAUsed",
}


def plain_bytes(path: Path) -> int:
    """The size before compression, which gzip writes at the end."""
    with path.open("rb") as file:
        file.seek(-4, 2)
        return int.from_bytes(file.read(4), "little")


def main(logs: str, out: str) -> None:
    paths = ["$.eventTime", *MEMBERS.values()]
    columns = ", ".join(f"members[{place}] AS {name}" for place, name in enumerate(MEMBERS, start=2))
    # DuckDB holds a whole object, which is a whole file here, in a buffer of this size for each thread.
    largest = max(plain_bytes(path) for path in Path(logs).rglob("*.json.gz")) + 65536
    path_list = "[" + ", ".join(f"'{path}'" for path in paths) + "]"
    error = 2 + list(MEMBERS).index("api_response_error")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        f"""
        COPY (
            SELECT CAST(members[1] AS TIMESTAMPTZ) AS time, {columns}, 'aws_cloudtrail' AS source, source_object,
                   CASE WHEN members[{error}] IS NULL THEN 'Success' ELSE 'Failure' END AS status,
                   raw_data, CAST(CAST(members[1] AS TIMESTAMPTZ) AS DATE) AS event_day
            FROM (
                SELECT source_object, CAST(record AS VARCHAR) AS raw_data, json_extract_string(record, {path_list}) AS members
                FROM (
                    SELECT filename AS source_object, unnest(Records) AS record
                    FROM read_json('{logs}/**/*.json.gz', columns = {{Records: 'JSON[]'}}, filename = true, maximum_object_size = {largest})
                )
            )
            ORDER BY event_day, time
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 131072, PARTITION_BY (event_day), OVERWRITE_OR_IGNORE)
        """
    )
    rows = connection.execute(f"SELECT count(*) FROM read_parquet('{out}/*/*.parquet')").fetchone()[0]
    stored = sum(path.stat().st_size for path in Path(out).rglob("*.parquet"))
    print(json.dumps({"records": rows, "bytes": stored}))


if __name__ == "__main__":
    main(*sys.argv[1:])
