-- title: Google Cloud projects given to somebody of another domain, and the service account keys that were made next
-- technique: T1098.003, T1098.001
-- finds: project-owner-granted, service-account-key
-- reads: api_activity
-- why: An owner from outside the caller's own domain is a takeover, and a key for a service account is a way back in that no
--      sign-in policy sees.
WITH grants AS (
    SELECT time, actor.user.name AS user_name, src_endpoint.ip AS ip, cloud.project_uid AS project,
           json_get_str(api.request.data, 'policy', 'bindings', 0, 'role') AS role,
           json_get_str(api.request.data, 'policy', 'bindings', 0, 'members', 0) AS member
    FROM api_activity
    WHERE source = 'gcp_audit' AND api.operation LIKE '%SetI%mPolicy' AND status = 'Success'
),
outside AS (
    SELECT * FROM grants
    WHERE role IN ('roles/owner', 'roles/editor')
      AND registered_domain(split_part(member, '@', 2)) <> registered_domain(split_part(user_name, '@', 2))
),
keys AS (
    SELECT time, actor.user.name AS user_name, resources.name AS service_account
    FROM api_activity
    WHERE source = 'gcp_audit' AND api.operation LIKE '%CreateServiceAccountKey' AND status = 'Success'
)
SELECT outside.user_name, outside.ip, outside.project, role, member, outside.time AS first_seen,
       coalesce(max(keys.time), outside.time) AS last_seen, 1 AS grants, count(keys.time) AS keys_made,
       min(service_account) AS service_account
FROM outside
LEFT JOIN keys ON keys.user_name = outside.user_name AND keys.time BETWEEN outside.time AND outside.time + INTERVAL '1 day'
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY first_seen
