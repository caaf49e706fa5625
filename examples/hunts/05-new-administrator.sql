-- title: Users that were made, given a password and made administrator within an hour
-- technique: T1136.003, T1098.003
-- finds: administrator-created
-- reads: account_change
-- why: New staff come through the identity provider. An IAM user with its own password and every right, made in one go, is a back door.
SELECT user.name AS new_user, actor.user.name AS maker, src_endpoint.ip AS ip, cloud.account.uid AS account,
       min(time) AS first_seen, max(time) AS last_seen, count(*) AS changes,
       max(policy.name) AS policy
FROM account_change
WHERE source = 'aws_cloudtrail' AND status = 'Success'
  AND api.operation IN ('CreateUser', 'CreateLoginProfile', 'AttachUserPolicy', 'PutUserPolicy', 'AddUserToGroup')
GROUP BY 1, 2, 3, 4
HAVING count(*) FILTER (WHERE api.operation = 'CreateUser') > 0
   AND count(*) FILTER (WHERE api.operation = 'CreateLoginProfile') > 0
   AND count(*) FILTER (WHERE policy.name LIKE '%Administrator%' OR api.operation = 'PutUserPolicy') > 0
   AND max(time) - min(time) <= INTERVAL '1 hour'
ORDER BY first_seen
