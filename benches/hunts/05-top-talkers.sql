-- The twenty pairs of addresses that moved the most.
SELECT src_endpoint_ip, dst_endpoint_ip, sum(traffic_bytes) AS bytes, count(*) AS flows
FROM network_activity
WHERE traffic_bytes IS NOT NULL
GROUP BY src_endpoint_ip, dst_endpoint_ip
ORDER BY bytes DESC, src_endpoint_ip, dst_endpoint_ip
LIMIT 20
