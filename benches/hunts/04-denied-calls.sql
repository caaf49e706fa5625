-- Who was refused which call, by day.
SELECT event_day, actor_user_name, api_operation, count(*) AS calls
FROM api_activity
WHERE status = 'Failure' AND source = 'aws_cloudtrail'
GROUP BY event_day, actor_user_name, api_operation
HAVING count(*) >= 2
