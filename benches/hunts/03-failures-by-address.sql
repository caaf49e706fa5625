-- Addresses that failed to sign in, with how many users they tried.
SELECT src_endpoint_ip, count(*) AS failures, count(DISTINCT user_name) AS users, min(time) AS first_seen, max(time) AS last_seen
FROM authentication
WHERE status = 'Failure'
GROUP BY src_endpoint_ip
