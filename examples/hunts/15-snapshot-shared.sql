-- title: Disk snapshots shared with an account that is not one of ours
-- technique: T1537
-- finds: snapshot-shared
-- reads: api_activity
-- why: A shared snapshot is copied where nobody here sees it. Our own accounts are those whose trails are in the lake.
WITH shares AS (
    -- Volumes and images have a list of items, databases a list of values; each entry is looked at.
    SELECT time, actor.user.name AS user_name, src_endpoint.ip AS ip, cloud.account.uid AS from_account,
           unnest(coalesce(json_get_array(api.request.data, 'createVolumePermission', 'add', 'items'),
                           json_get_array(api.request.data, 'launchPermission', 'add', 'items'),
                           json_get_array(api.request.data, 'valuesToAdd'))) AS item
    FROM api_activity
    WHERE source = 'aws_cloudtrail' AND status = 'Success'
      AND api.operation IN ('ModifySnapshotAttribute', 'ModifyDBSnapshotAttribute', 'ModifyDBClusterSnapshotAttribute', 'ModifyImageAttribute')
),
named AS (
    -- The group `all` is everybody.
    SELECT time, user_name, ip, from_account,
           coalesce(json_get_str(item, 'userId'), json_get_str(item, 'group'), trim(BOTH '"' FROM item), 'unknown') AS to_account
    FROM shares
)
SELECT user_name, ip, from_account, to_account, min(time) AS first_seen, max(time) AS last_seen, count(*) AS snapshots
FROM named
WHERE to_account NOT IN (SELECT cloud_account_uid FROM api_activity WHERE source = 'aws_cloudtrail' AND cloud_account_uid IS NOT NULL)
GROUP BY 1, 2, 3, 4
ORDER BY first_seen
