-- title: Access keys that one user made for another and that were then used from an unknown address
-- technique: T1098.001, T1078.004
-- finds: access-key-for-another-user, stolen-key-used
-- reads: account_change, api_activity
-- why: A key made for somebody else outlives the session that made it. It matters once it is used, and from a public address that
--      its owner never called from before: then whoever made it keeps it.
WITH keys AS (
    SELECT user.credential_uid AS key, user.name AS owner, actor.user.name AS maker, src_endpoint.ip AS made_from, time AS made
    FROM account_change
    WHERE api.operation = 'CreateAccessKey' AND status = 'Success' AND user.name <> actor.user.name
),
uses AS (
    SELECT keys.key, owner, maker, made_from, made, api_activity.src_endpoint_ip AS used_from,
           min(time) AS first_used, max(time) AS last_used, count(*) AS calls,
           count(*) FILTER (WHERE activity_id = 2 AND metadata_product_feature_name = 'Management') AS reads,
           count(DISTINCT api_operation) AS operations, min(http_request_user_agent) AS user_agent
    FROM keys
    JOIN api_activity ON actor_user_credential_uid = keys.key
    GROUP BY 1, 2, 3, 4, 5, 6
),
known AS (
    SELECT actor.user.name AS owner, src_endpoint.ip AS ip, min(time) AS since
    FROM api_activity
    WHERE source = 'aws_cloudtrail' AND actor.user.type = 'IAMUser'
    GROUP BY 1, 2
)
SELECT uses.key, uses.owner, maker, made_from, used_from, made AS first_seen, first_used, last_used AS last_seen,
       1 AS keys_made, calls, reads, operations, user_agent
FROM uses
LEFT JOIN known ON known.owner = uses.owner AND known.ip = used_from AND known.since < made
WHERE known.ip IS NULL AND NOT is_private_ip(used_from)
ORDER BY first_seen
