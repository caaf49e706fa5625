-- One outside address in all connections of three months: the command server of the intrusion.
SELECT src_endpoint_ip, dst_endpoint_port, count(*) AS connections, sum(traffic_bytes) AS bytes,
       min(time) AS first_seen, max(time) AS last_seen
FROM network_activity
WHERE dst_endpoint_ip = '192.0.2.201'
GROUP BY src_endpoint_ip, dst_endpoint_port
