-- title: A password posted in clear text to a site that hardly anybody else looks up
-- technique: T1566.002
-- finds: phishing-domain-lookup, phishing-connection, phishing-page
-- reads: http_activity, dns_activity, network_activity
-- why: Sign-in pages use TLS, and a company's own are looked up by everybody. A POST over plain HTTP to a name that one or two clients
--      know is a look-alike at work; what the client asked the name servers and how often it connected comes from the other two tables.
WITH posts AS (
    SELECT http_request.url.hostname AS host, src_endpoint.ip AS client, dst_endpoint.ip AS server,
           min(time) AS first_seen, max(time) AS last_seen, count(*) AS requests,
           count(*) FILTER (WHERE http_request.http_method = 'POST') AS posts,
           sum(http_request.body_length) AS bytes_posted
    FROM http_activity
    WHERE NOT is_private_ip(dst_endpoint.ip)
    GROUP BY 1, 2, 3
    HAVING count(*) FILTER (WHERE http_request.http_method = 'POST') > 0
),
lookups AS (
    SELECT query.hostname AS host, count(*) AS lookups, count(DISTINCT src_endpoint.ip) AS clients, min(time) AS looked_up
    FROM dns_activity
    WHERE source = 'zeek'
    GROUP BY 1
),
connections AS (
    SELECT src_endpoint.ip AS client, dst_endpoint.ip AS server, count(*) AS connections
    FROM network_activity
    WHERE source = 'zeek' AND metadata.log_name = 'conn'
    GROUP BY 1, 2
)
SELECT posts.host, registered_domain(posts.host) AS domain, posts.client, posts.server, looked_up, first_seen, last_seen,
       clients, lookups, connections, requests, posts, bytes_posted
FROM posts
JOIN lookups ON lookups.host = posts.host
JOIN connections ON connections.client = posts.client AND connections.server = posts.server
WHERE clients <= 2
ORDER BY first_seen
