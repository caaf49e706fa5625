-- title: Google Cloud projects given to somebody of another domain, and the service account keys that were made next
-- technique: T1098.003, T1098.001
-- finds: project-owner-granted, service-account-key
-- reads: api_activity
-- why: An owner from outside the caller's own domain is a takeover, and a key for a service account is a way back in that no
--      sign-in policy sees.
WITH policies AS (
    -- A policy is set as a whole: each of its bindings, and each member of a binding, is looked at.
    SELECT time, actor.user.name AS user_name, src_endpoint.ip AS ip, cloud.project_uid AS project,
           unnest(json_get_array(api.request.data, 'policy', 'bindings')) AS binding
    FROM api_activity
    WHERE source = 'gcp_audit' AND api.operation ILIKE '%SetIamPolicy' AND status = 'Success'
),
members AS (
    SELECT time, user_name, ip, project, json_get_str(binding, 'role') AS role,
           trim(BOTH '"' FROM unnest(json_get_array(binding, 'members'))) AS member
    FROM policies
),
outside AS (
    SELECT user_name, ip, project, role, member, min(time) AS time
    FROM members
    WHERE role IN ('roles/owner', 'roles/editor')
      -- Google's own service accounts, and those of the project, are in every policy.
      AND member NOT LIKE '%gserviceaccount.com'
      AND registered_domain(split_part(member, '@', 2)) IS DISTINCT FROM registered_domain(split_part(user_name, '@', 2))
    GROUP BY 1, 2, 3, 4, 5
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
