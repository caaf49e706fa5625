"""Hunts for two engines: what a hunter asks, in Coldtrail's SQL and, where it differs, in DuckDB's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hunt:
    name: str
    sql: str
    duckdb: str | None = None

    @property
    def oracle_sql(self) -> str:
        return self.duckdb or self.sql


# What DuckDB lacks, in its own words: whether an IPv4 address lies in a network.
MACROS = r"""
CREATE MACRO number_of(ip) AS split_part(ip, '.', 1)::BIGINT * 16777216 + split_part(ip, '.', 2)::BIGINT * 65536
    + split_part(ip, '.', 3)::BIGINT * 256 + split_part(ip, '.', 4)::BIGINT;
CREATE MACRO lies_in(ip, base, bits) AS
    CASE WHEN ip IS NULL THEN NULL
         WHEN regexp_full_match(ip, '\d+\.\d+\.\d+\.\d+') THEN number_of(ip) // (1 << (32 - bits)) = number_of(base) // (1 << (32 - bits))
         ELSE false END;
"""

HUNTS = [
    Hunt("calls by service and operation", "SELECT api_service_name, api_operation, count(*) AS calls FROM api_activity GROUP BY 1, 2"),
    Hunt(
        "failed sign-ins by user",
        """SELECT user_name, count(*) AS failures, count(DISTINCT src_endpoint_ip) AS addresses, min(time) AS first, max(time) AS last
           FROM authentication WHERE status_id = 2 GROUP BY user_name HAVING count(*) >= 2""",
    ),
    Hunt("addresses by account, each once", "SELECT DISTINCT cloud_account_uid, src_endpoint_ip FROM api_activity WHERE src_endpoint_ip IS NOT NULL"),
    Hunt(
        "command lines with LIKE",
        "SELECT time, device_hostname, process_cmd_line FROM process_activity WHERE process_cmd_line LIKE '%powershell%' OR process_cmd_line LIKE '%\\_%.exe'",
        "SELECT time, device_hostname, process_cmd_line FROM process_activity WHERE process_cmd_line LIKE '%powershell%' OR process_cmd_line LIKE '%\\_%.exe' ESCAPE '\\'",
    ),
    Hunt("names with ILIKE", "SELECT query_hostname, count(*) AS n FROM dns_activity WHERE query_hostname ILIKE '%.COM' AND query_hostname NOT ILIKE 'www%' GROUP BY 1"),
    Hunt(
        "names with a regular expression",
        "SELECT query_hostname, count(*) AS n FROM dns_activity WHERE query_hostname ~ '^[a-z0-9-]{6,}[.]' GROUP BY 1",
        "SELECT query_hostname, count(*) AS n FROM dns_activity WHERE regexp_matches(query_hostname, '^[a-z0-9-]{6,}[.]') GROUP BY 1",
    ),
    Hunt(
        "what a regular expression takes out",
        "SELECT regexp_replace(query_hostname, '^([^.]+)[.].*$', '\\1') AS first_label, count(*) AS n FROM dns_activity GROUP BY 1",
    ),
    Hunt(
        "traffic into a network",
        "SELECT dst_endpoint_ip, sum(traffic_bytes) AS bytes FROM network_activity WHERE cidr_match(dst_endpoint_ip, '10.2.0.0/15') GROUP BY 1",
        "SELECT dst_endpoint_ip, sum(traffic_bytes) AS bytes FROM network_activity WHERE lies_in(dst_endpoint_ip, '10.2.0.0', 15) GROUP BY 1",
    ),
    Hunt(
        "traffic out of one of several networks",
        "SELECT count(*) AS n, sum(traffic_bytes) AS bytes FROM network_activity WHERE NOT cidr_match(dst_endpoint_ip, '10.0.0.0/8', '192.168.0.0/16', '203.0.113.0/25')",
        """SELECT count(*) AS n, sum(traffic_bytes) AS bytes FROM network_activity
           WHERE NOT (lies_in(dst_endpoint_ip, '10.0.0.0', 8) OR lies_in(dst_endpoint_ip, '192.168.0.0', 16) OR lies_in(dst_endpoint_ip, '203.0.113.0', 25))""",
    ),
    Hunt(
        "flows by kind of address",
        "SELECT is_private_ip(src_endpoint_ip) AS inside, count(*) AS n FROM network_activity WHERE src_endpoint_ip LIKE '%.%' GROUP BY 1",
        """SELECT lies_in(src_endpoint_ip, '10.0.0.0', 8) OR lies_in(src_endpoint_ip, '172.16.0.0', 12) OR lies_in(src_endpoint_ip, '192.168.0.0', 16)
                  OR lies_in(src_endpoint_ip, '100.64.0.0', 10) OR lies_in(src_endpoint_ip, '127.0.0.0', 8) OR lies_in(src_endpoint_ip, '169.254.0.0', 16) AS inside,
                  count(*) AS n
           FROM network_activity WHERE src_endpoint_ip LIKE '%.%' GROUP BY 1""",
    ),
    Hunt(
        "events by quarter of an hour",
        "SELECT date_bin(INTERVAL '15 minutes', time) AS bucket, source, count(*) AS n FROM events GROUP BY 1, 2",
        "SELECT time_bucket(INTERVAL '15 minutes', time) AS bucket, source, count(*) AS n FROM events GROUP BY 1, 2",
    ),
    Hunt("sign-ins by hour", "SELECT date_trunc('hour', time) AS hour, status, count(*) AS n FROM authentication GROUP BY 1, 2"),
    Hunt("the rhythm of a week", "SELECT extract(dow FROM time) AS day, extract(hour FROM time) AS hour, count(*) AS n FROM events GROUP BY 1, 2"),
    Hunt(
        "top talkers",
        "SELECT src_endpoint_ip, dst_endpoint_ip, sum(traffic_bytes) AS bytes FROM network_activity GROUP BY 1, 2 ORDER BY bytes DESC NULLS LAST, 1, 2 LIMIT 25",
    ),
    Hunt(
        "the newest events",
        "SELECT time, source, class_uid, source_object, source_offset FROM events ORDER BY time DESC, source_object, source_offset LIMIT 100",
    ),
    Hunt("a page of events", "SELECT source_object, source_offset FROM api_activity ORDER BY source_object, source_offset LIMIT 50 OFFSET 75"),
    Hunt(
        "a field out of JSON",
        "SELECT json_get_str(raw_data, 'userIdentity', 'type') AS kind, json_get_str(raw_data, 'awsRegion') AS region, count(*) AS n FROM api_activity WHERE source = 'aws_cloudtrail' GROUP BY 1, 2",
        """SELECT json_extract_string(raw_data, '$.userIdentity.type') AS kind, json_extract_string(raw_data, '$.awsRegion') AS region, count(*) AS n
           FROM api_activity WHERE source = 'aws_cloudtrail' GROUP BY 1, 2""",
    ),
    Hunt(
        "JSON with arrows",
        "SELECT raw_data->>'eventName' AS name, count(*) AS n FROM api_activity WHERE source = 'aws_cloudtrail' AND raw_data->'userIdentity'->>'type' = 'AssumedRole' GROUP BY 1",
        """SELECT raw_data->>'$.eventName' AS name, count(*) AS n FROM api_activity
           WHERE source = 'aws_cloudtrail' AND (raw_data->'$.userIdentity'->>'$.type') = 'AssumedRole' GROUP BY 1""",
    ),
    Hunt(
        "a list opened",
        "SELECT answer, count(*) AS n FROM (SELECT unnest(answers_rdata) AS answer FROM dns_activity) AS answers GROUP BY answer",
    ),
    Hunt(
        "a list searched and measured",
        """SELECT actor_user_name, cardinality(actor_user_groups_name) AS groups, array_to_string(actor_user_groups_name, ' ') AS text, count(*) AS n FROM api_activity
           WHERE array_has(actor_user_groups_name, 'system:authenticated') AND cardinality(actor_user_groups_name) > 1 GROUP BY 1, 2, 3""",
        """SELECT actor_user_name, len(actor_user_groups_name) AS groups, array_to_string(actor_user_groups_name, ' ') AS text, count(*) AS n FROM api_activity
           WHERE array_has(actor_user_groups_name, 'system:authenticated') AND len(actor_user_groups_name) > 1 GROUP BY 1, 2, 3""",
    ),
    Hunt(
        "nulls counted",
        """SELECT class_uid, count(*) AS n, count(actor_user_name) AS actors, count(user_name) AS users, count(src_endpoint_ip) AS addresses,
                  sum(CASE WHEN src_endpoint_ip IS NULL THEN 1 ELSE 0 END) AS missing
           FROM events GROUP BY class_uid""",
    ),
    Hunt("second factor, yes, no or not said", "SELECT is_mfa, is_mfa IS NULL AS not_said, count(*) AS n FROM authentication GROUP BY is_mfa"),
    Hunt(
        "nulls compared",
        """SELECT source, count(*) AS n FROM authentication
           WHERE is_mfa IS DISTINCT FROM true AND coalesce(user_name, actor_user_name, 'nobody') <> 'nobody' AND (status_id NOT IN (1, 99) OR status_id IS NULL)
           GROUP BY source""",
    ),
    Hunt(
        "first use of an operation by a user",
        """SELECT actor_user_name, api_operation, time, source_offset FROM (
             SELECT actor_user_name, api_operation, time, source_offset,
                    row_number() OVER (PARTITION BY actor_user_name, api_operation ORDER BY time, source_object, source_offset) AS nth
             FROM api_activity) AS numbered WHERE nth = 1""",
    ),
    Hunt(
        "a change of address between two sign-ins",
        """SELECT user_name, time, before, src_endpoint_ip FROM (
             SELECT user_name, time, src_endpoint_ip,
                    lag(src_endpoint_ip) OVER (PARTITION BY user_name ORDER BY time, source_object, source_offset) AS before
             FROM authentication) AS pairs WHERE before <> src_endpoint_ip""",
    ),
    Hunt(
        "a running sum",
        """SELECT event_day, source, n, sum(n) OVER (PARTITION BY source ORDER BY event_day) AS so_far, rank() OVER (PARTITION BY event_day ORDER BY n DESC, source) AS place
           FROM (SELECT event_day, source, count(*) AS n FROM events GROUP BY event_day, source) AS days""",
    ),
    Hunt(
        "calls from the address of a sign-in",
        """SELECT s.user_name, a.api_operation, count(*) AS n FROM authentication AS s
           JOIN api_activity AS a ON a.src_endpoint_ip = s.src_endpoint_ip AND a.event_day = s.event_day
           WHERE s.source = 'azure_entra' GROUP BY 1, 2""",
    ),
    Hunt(
        "addresses that call but never sign in",
        """SELECT src_endpoint_ip, count(*) AS n FROM api_activity AS a
           WHERE src_endpoint_ip IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authentication AS s WHERE s.src_endpoint_ip = a.src_endpoint_ip) GROUP BY 1""",
    ),
    Hunt(
        "both sides of an outer join",
        """SELECT coalesce(a.event_day, d.event_day) AS day, a.n AS calls, d.n AS lookups
           FROM (SELECT event_day, count(*) AS n FROM api_activity WHERE status_id = 2 GROUP BY 1) AS a
           FULL JOIN (SELECT event_day, count(*) AS n FROM dns_activity WHERE rcode_id = 3 GROUP BY 1) AS d ON a.event_day = d.event_day""",
    ),
    Hunt(
        "addresses in both and in one only",
        """SELECT 'both' AS kind, src_endpoint_ip FROM (SELECT src_endpoint_ip FROM network_activity INTERSECT SELECT src_endpoint_ip FROM dns_activity) AS b
           UNION ALL
           SELECT 'dns only', src_endpoint_ip FROM (SELECT src_endpoint_ip FROM dns_activity EXCEPT SELECT src_endpoint_ip FROM network_activity) AS d""",
    ),
    Hunt(
        "operations rarer than the average",
        """WITH counts AS (SELECT api_operation, count(*) AS n FROM api_activity GROUP BY 1)
           SELECT api_operation, n FROM counts WHERE n < (SELECT avg(n) FROM counts)""",
    ),
    Hunt(
        "subtotals",
        "SELECT source, class_uid, count(*) AS n, grouping(source) AS level FROM events GROUP BY ROLLUP (source, class_uid)",
    ),
    Hunt(
        "statistics of flows",
        """SELECT connection_info_protocol_name, count(*) FILTER (WHERE action_id = 2) AS denied, min(traffic_bytes) AS least, max(traffic_bytes) AS most,
                  avg(traffic_bytes) AS mean, stddev_pop(traffic_bytes) AS deviation, sum(traffic_packets) AS packets
           FROM network_activity GROUP BY 1""",
    ),
    Hunt(
        "text taken apart",
        """SELECT upper(split_part(actor_user_name, '@', 1)) AS login, length(actor_user_name) AS size, substr(actor_user_name, 1, 3) AS begin,
                  replace(concat(actor_user_name, '/', api_operation), '.', '-') AS both_names, count(*) AS n
           FROM api_activity WHERE actor_user_name IS NOT NULL GROUP BY 1, 2, 3, 4""",
    ),
    Hunt(
        "lists gathered",
        "SELECT actor_user_name, array_agg(DISTINCT cloud_region ORDER BY cloud_region) AS regions, string_agg(DISTINCT status, ',' ORDER BY status) AS statuses FROM api_activity GROUP BY 1",
    ),
    Hunt(
        "one day of one source",
        "SELECT time, class_uid, activity_id, source_offset FROM events WHERE event_day = '2026-01-05' AND source = 'windows_event' AND time >= '2026-01-05 08:00:00'",
        "SELECT time, class_uid, activity_id, source_offset FROM events WHERE event_day = '2026-01-05' AND source = 'windows_event' AND time >= '2026-01-05 08:00:00+00'",
    ),
    Hunt(
        "OCSF paths",
        "SELECT src_endpoint.ip, dst_endpoint.port, count(*) AS n FROM network_activity WHERE connection_info.protocol_num = 6 AND dst_endpoint.port < 1024 GROUP BY src_endpoint.ip, dst_endpoint.port",
        "SELECT src_endpoint_ip, dst_endpoint_port, count(*) AS n FROM network_activity WHERE connection_info_protocol_num = 6 AND dst_endpoint_port < 1024 GROUP BY 1, 2",
    ),
    Hunt("every observable", "SELECT type_id, type, value, sum(count) AS n, min(first_time) AS first, max(last_time) AS last FROM observables GROUP BY 1, 2, 3"),
    Hunt(
        "observables by class and account",
        "SELECT class, source, account, type, count(DISTINCT value) AS distinct_values, sum(count) AS n FROM observables GROUP BY 1, 2, 3, 4",
    ),
    Hunt(
        "an observable of every address",
        """SELECT e.src_endpoint_ip, count(*) AS n FROM network_activity AS e
           LEFT JOIN (SELECT DISTINCT value FROM observables WHERE type_id = 2) AS o ON o.value = e.src_endpoint_ip
           WHERE o.value IS NULL AND e.src_endpoint_ip IS NOT NULL GROUP BY 1
           UNION ALL SELECT 'all', count(*) FROM network_activity""",
    ),
]
