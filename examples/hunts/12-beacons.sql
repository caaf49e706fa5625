-- title: Connections that come by the clock, and the names they ask for
-- technique: T1071.001, T1573.002
-- finds: beacon-connections, beacon-server-name, beacon-flows
-- reads: network_activity
-- why: People are irregular. A client that calls one outside address a hundred times with hardly any variation between the calls, and
--      sends nearly the same number of bytes each time, is a program that reports. Its TLS server name is in the log beside.
WITH connections AS (
    SELECT source, time, src_endpoint.ip AS client, dst_endpoint.ip AS server, dst_endpoint.port AS port,
           coalesce(traffic.bytes_out, traffic.bytes) AS bytes_out
    FROM network_activity
    WHERE (source = 'aws_vpcflow' OR metadata.log_name = 'conn')
      AND status = 'Success' AND NOT is_private_ip(dst_endpoint.ip)
),
gaps AS (
    SELECT source, client, server, port, time, bytes_out,
           CAST(time AS BIGINT) - CAST(lag(time) OVER (PARTITION BY source, client, server, port ORDER BY time) AS BIGINT) AS gap_ms
    FROM connections
),
beacons AS (
    SELECT source, client, server, port, min(time) AS first_seen, max(time) AS last_seen, count(*) AS connections,
           avg(gap_ms) / 1000 AS seconds_apart, stddev(gap_ms) / avg(gap_ms) AS jitter,
           stddev(bytes_out) / avg(bytes_out) AS bytes_jitter
    FROM gaps
    GROUP BY 1, 2, 3, 4
    HAVING count(*) >= 100 AND stddev(gap_ms) < 0.25 * avg(gap_ms) AND stddev(bytes_out) < 0.25 * avg(bytes_out)
),
names AS (
    SELECT src_endpoint.ip AS client, dst_endpoint.ip AS server, tls.sni AS name, count(*) AS handshakes
    FROM network_activity
    WHERE metadata.log_name = 'ssl' AND tls.sni IS NOT NULL
    GROUP BY 1, 2, 3
)
SELECT beacons.source, beacons.client, beacons.server, port, name, first_seen, last_seen, connections,
       coalesce(handshakes, 0) AS handshakes, round(seconds_apart, 1) AS seconds_apart, round(jitter, 3) AS jitter
FROM beacons
LEFT JOIN names ON names.client = beacons.client AND names.server = beacons.server
ORDER BY first_seen
