-- title: Domains under which one client looks up hundreds of long random names
-- technique: T1071.004, T1048.003
-- finds: dns-tunnel
-- reads: dns_activity
-- why: Data that leaves in names makes them long, all different and as random as hexadecimal; a domain's real names are few and short.
SELECT registered_domain(query.hostname) AS domain, src_endpoint.ip AS client, min(time) AS first_seen, max(time) AS last_seen,
       count(*) AS lookups, count(DISTINCT query.hostname) AS names, round(avg(length(query.hostname)), 1) AS name_length,
       round(avg(shannon_entropy(split_part(query.hostname, '.', 1))), 2) AS entropy, min(query.type) AS query_type
FROM dns_activity
WHERE length(query.hostname) >= 40
GROUP BY 1, 2
HAVING count(DISTINCT query.hostname) >= 50 AND avg(shannon_entropy(split_part(query.hostname, '.', 1))) > 3.2
ORDER BY lookups DESC
