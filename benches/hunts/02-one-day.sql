-- What each user called on one day of three months.
SELECT actor_user_name, api_operation, count(*) AS calls, count(DISTINCT src_endpoint_ip) AS addresses
FROM api_activity
WHERE time >= TIMESTAMP '{day} 00:00:00' AND time < TIMESTAMP '{next_day} 00:00:00'
  AND event_day = DATE '{day}'
GROUP BY actor_user_name, api_operation
