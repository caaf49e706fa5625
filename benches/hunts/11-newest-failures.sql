-- The hundred newest refused calls, whole.
SELECT time, metadata_uid, actor_user_name, src_endpoint_ip, api_service_name, api_operation,
       status_code, status_detail, http_request_user_agent
FROM api_activity
WHERE status = 'Failure' AND source = 'aws_cloudtrail'
ORDER BY time DESC, metadata_uid
LIMIT 100
