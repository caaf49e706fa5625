-- title: More than a gigabyte read from one bucket by one key within an hour
-- technique: T1530
-- finds: objects-read
-- reads: api_activity
-- why: Applications read a few objects at a time, all day. Whoever empties a bucket reads much, fast, and with a key rather than a role.
SELECT date_trunc('day', time) AS day, actor.user.name AS user_name, actor.user.credential_uid AS key, src_endpoint.ip AS ip,
       json_get_str(api.request.data, 'bucketName') AS bucket,
       min(time) AS first_seen, max(time) AS last_seen, count(*) AS objects,
       round(sum(http_response.body_length) / 1e9, 2) AS gigabytes, min(http_request.user_agent) AS user_agent
FROM api_activity
WHERE source = 'aws_cloudtrail' AND api.operation = 'GetObject' AND status = 'Success'
GROUP BY 1, 2, 3, 4, 5
HAVING sum(http_response.body_length) > 1000000000 AND max(time) - min(time) <= INTERVAL '1 hour'
ORDER BY gigabytes DESC
