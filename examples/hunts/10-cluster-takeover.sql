-- title: Kubernetes secrets listed in one namespace after the other, and what the same user did around it
-- technique: T1552.007, T1609, T1098.006, T1611
-- finds: exec-into-pod, secrets-listed, cluster-admin-binding, privileged-pod
-- reads: api_activity
-- why: Controllers read the secrets they are made for, by name. A person who lists them in several namespaces within minutes collects;
--      shells, bindings to cluster-admin and privileged pods of that user in the hours around are the rest of the story.
WITH requests AS (
    SELECT time, actor.user.name AS user_name, src_endpoint.ip AS ip, api.operation AS verb, resources.type AS kind,
           resources.namespace AS namespace, resources.name AS name, api.request.data AS body
    FROM api_activity
    WHERE source = 'k8s_audit' AND status = 'Success' AND actor.user.name NOT LIKE 'system:%'
),
collectors AS (
    SELECT user_name, ip, min(time) AS began, max(time) AS ended, count(*) AS secret_lists, count(DISTINCT namespace) AS namespaces
    FROM requests
    WHERE verb = 'list' AND kind = 'secrets'
    GROUP BY user_name, ip, date_bin(INTERVAL '1 day', time)
    HAVING count(DISTINCT namespace) >= 3
)
SELECT collectors.user_name, collectors.ip, min(time) AS first_seen, max(time) AS last_seen, secret_lists, namespaces,
       count(*) FILTER (WHERE kind = 'pods/exec') AS shells,
       count(*) FILTER (WHERE verb = 'create' AND kind IN ('clusterrolebindings', 'rolebindings')
                          AND json_get_str(body, 'roleRef', 'name') = 'cluster-admin') AS admin_bindings,
       count(*) FILTER (WHERE verb = 'create' AND kind = 'pods'
                          AND body LIKE '%"privileged":true%') AS privileged_pods
FROM collectors
JOIN requests
  ON requests.user_name = collectors.user_name AND requests.ip = collectors.ip
 AND requests.time BETWEEN began - INTERVAL '2 hours' AND ended + INTERVAL '2 hours'
GROUP BY collectors.user_name, collectors.ip, secret_lists, namespaces, began
ORDER BY first_seen
