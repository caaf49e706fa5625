-- Passwords and files posted to sites that at most two clients look up.
SELECT posts.host, posts.client, posts.requests, lookups.clients, lookups.lookups
FROM (
    SELECT http_request_url_hostname AS host, src_endpoint_ip AS client, count(*) AS requests
    FROM http_activity
    GROUP BY http_request_url_hostname, src_endpoint_ip
) AS posts
JOIN (
    SELECT query_hostname AS host, count(DISTINCT src_endpoint_ip) AS clients, count(*) AS lookups
    FROM dns_activity
    GROUP BY query_hostname
) AS lookups ON lookups.host = posts.host
WHERE lookups.clients <= 2
