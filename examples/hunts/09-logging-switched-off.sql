-- title: Logs that were cleared and trails that were switched off
-- technique: T1070.001, T1562.008
-- finds: log-cleared, trail-stopped
-- reads: event_log_activity, api_activity
-- why: Nobody clears a security log or stops a trail on an ordinary day. Both are logged before they take effect.
SELECT time AS first_seen, time AS last_seen, device.hostname AS place, actor.user.name AS user_name, device.ip AS ip,
       'log cleared' AS deed, log_name AS what
FROM event_log_activity
WHERE source = 'windows_event' AND activity_id = 1
UNION ALL
SELECT time AS first_seen, time AS last_seen, cloud.account.uid, actor.user.name, src_endpoint.ip,
       api.operation, json_get_str(api.request.data, 'name')
FROM api_activity
WHERE source = 'aws_cloudtrail' AND api.service.name = 'cloudtrail.amazonaws.com'
  AND api.operation IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'DeleteEventDataStore')
ORDER BY first_seen
