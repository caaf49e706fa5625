-- Access keys that one user made for another, and every use of them.
SELECT made.access_key, made.owner, made.maker, used.src_endpoint_ip AS used_from, count(*) AS calls, min(used.time) AS first_used
FROM (
    SELECT user_credential_uid AS access_key, user_name AS owner, actor_user_name AS maker
    FROM account_change
    WHERE api_operation = 'CreateAccessKey' AND user_name <> actor_user_name
) AS made
JOIN api_activity AS used ON used.actor_user_credential_uid = made.access_key
GROUP BY made.access_key, made.owner, made.maker, used.src_endpoint_ip
