-- Clients that look up many long names.
SELECT src_endpoint_ip, count(*) AS lookups, count(DISTINCT query_hostname) AS names, max(length(query_hostname)) AS longest
FROM dns_activity
WHERE length(query_hostname) >= 40
GROUP BY src_endpoint_ip
