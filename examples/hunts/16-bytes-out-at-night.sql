-- title: Outside addresses that were sent more than ten gigabytes in a night
-- technique: T1048.002
-- finds: bytes-out-at-night
-- reads: network_activity
-- why: Much goes out to customers by day and in small flows. Gigabytes a minute to one address between midnight and six are a copy.
SELECT date_trunc('day', time) AS night, src_endpoint.ip AS client, dst_endpoint.ip AS server, dst_endpoint.port AS port,
       min(time) AS first_seen, max(time) AS last_seen, count(*) AS flows, round(sum(traffic.bytes) / 1e9, 1) AS gigabytes
FROM network_activity
WHERE source = 'aws_vpcflow' AND status = 'Success'
  AND cidr_match(src_endpoint.ip, '10.0.0.0/8') AND NOT is_private_ip(dst_endpoint.ip)
  AND date_part('hour', time) < 6
GROUP BY 1, 2, 3, 4
HAVING sum(traffic.bytes) > 10000000000
ORDER BY gigabytes DESC
