-- Pairs that connect in nearly every five minutes of the time between their first and last connection.
SELECT client, server, count(*) AS buckets, sum(connections) AS connections, min(bucket) AS first_bucket, max(bucket) AS last_bucket
FROM (
    SELECT src_endpoint_ip AS client, dst_endpoint_ip AS server, {five_minutes} AS bucket, count(*) AS connections
    FROM network_activity
    WHERE dst_endpoint_port = 443 AND status = 'Success'
    GROUP BY 1, 2, 3
) AS per_bucket
GROUP BY client, server
HAVING count(*) >= 100 AND count(*) > 0.8 * (max(bucket) - min(bucket) + 1)
