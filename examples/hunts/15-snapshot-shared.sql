-- title: Disk snapshots shared with an account that is not one of ours
-- technique: T1537
-- finds: snapshot-shared
-- reads: api_activity
-- why: A shared snapshot is copied where nobody here sees it. Our own accounts are those whose trails are in the lake.
SELECT actor.user.name AS user_name, src_endpoint.ip AS ip, cloud.account.uid AS from_account,
       json_get_str(api.request.data, 'createVolumePermission', 'add', 'items', 0, 'userId') AS to_account,
       min(time) AS first_seen, max(time) AS last_seen, count(*) AS snapshots
FROM api_activity
WHERE source = 'aws_cloudtrail' AND api.operation IN ('ModifySnapshotAttribute', 'ModifyDBSnapshotAttribute', 'ModifyImageAttribute')
  AND status = 'Success'
  AND json_get_str(api.request.data, 'createVolumePermission', 'add', 'items', 0, 'userId')
      NOT IN (SELECT DISTINCT cloud_account_uid FROM api_activity WHERE source = 'aws_cloudtrail' AND cloud_account_uid IS NOT NULL)
GROUP BY 1, 2, 3, 4
ORDER BY first_seen
