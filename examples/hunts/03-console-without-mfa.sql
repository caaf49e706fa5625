-- title: Console sign-ins of IAM users without a second factor, and what was tried from there
-- technique: T1078.004, T1580, T1087.004
-- finds: console-login-without-mfa, cloud-reconnaissance, access-denied-burst
-- reads: authentication, api_activity
-- why: People come to the console through single sign-on; an IAM user with a password alone is the exception. What is read in the
--      next hours from the same address, and how much of it is refused, tells an engineer from somebody who looks around.
WITH console AS (
    SELECT user.name AS user_name, src_endpoint.ip AS ip, cloud.account.uid AS account, min(time) AS first_seen, count(*) AS sign_ins
    FROM authentication
    WHERE source = 'aws_cloudtrail' AND api.operation = 'ConsoleLogin' AND status = 'Success'
      AND user.type = 'IAMUser' AND is_mfa = false
    GROUP BY 1, 2, 3
),
calls AS (
    SELECT time, actor.user.name AS user_name, src_endpoint.ip AS ip, api.operation AS operation, status,
           activity_id = 2 AS is_read
    FROM api_activity
    WHERE source = 'aws_cloudtrail'
)
SELECT console.user_name, console.ip, console.account, first_seen, max(calls.time) AS last_seen, max(sign_ins) AS sign_ins,
       count(*) FILTER (WHERE is_read AND status = 'Success') AS reads_allowed,
       count(*) FILTER (WHERE status = 'Failure') AS calls_denied,
       count(DISTINCT operation) AS operations
FROM console
LEFT JOIN calls
  ON calls.user_name = console.user_name AND calls.ip = console.ip
 AND calls.time BETWEEN first_seen AND first_seen + INTERVAL '1 day'
GROUP BY 1, 2, 3, 4
ORDER BY calls_denied DESC
