-- A word anywhere in the raw records of one week.
SELECT api_operation, actor_user_name, count(*) AS records, min(time) AS first_seen
FROM api_activity
WHERE raw_data LIKE '%kali%'
  AND time >= TIMESTAMP '{week} 00:00:00' AND time < TIMESTAMP '{next_week} 00:00:00'
  AND event_day >= DATE '{week}' AND event_day < DATE '{next_week}'
GROUP BY api_operation, actor_user_name
