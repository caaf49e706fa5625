-- title: Sign-ins without a second factor from an address that was denied it again and again
-- technique: T1110.001, T1621, T1078.004, T1098.005
-- finds: password-guesses, mfa-fatigue, sign-in-without-mfa, authenticator-registered
-- reads: authentication, account_change
-- why: Who has the password and not the telephone sends push after push, or looks for an application that asks for no second factor.
--      Three denials of one user at one address around a success there is not forgetfulness; an authenticator that is registered from
--      that address keeps the intruder in.
WITH sign_ins AS (
    SELECT time, user.name AS user_name, src_endpoint.ip AS ip, src_endpoint.location.country AS country, status, status_code, is_mfa
    FROM authentication
    WHERE source = 'azure_entra' AND user.name IS NOT NULL AND src_endpoint.ip IS NOT NULL
),
entries AS (
    SELECT success.user_name, success.ip, success.country, success.time AS entered
    FROM sign_ins AS success
    JOIN sign_ins AS denied
      ON denied.user_name = success.user_name AND denied.ip = success.ip
     AND denied.time BETWEEN success.time - INTERVAL '2 hours' AND success.time + INTERVAL '1 hour'
    WHERE success.status = 'Success' AND success.is_mfa IS NOT TRUE
      -- 500121: the second factor was denied or not answered in time.
      AND denied.status = 'Failure' AND denied.status_code = '500121'
    GROUP BY 1, 2, 3, 4
    HAVING count(*) >= 3
),
break_ins AS (
    SELECT user_name, ip, country, min(entered) AS first_entry, max(entered) AS last_entry, count(*) AS sign_ins_without_mfa
    FROM entries
    GROUP BY 1, 2, 3
),
attempts AS (
    SELECT break_ins.user_name, break_ins.ip, min(time) AS first_seen,
           -- 50126: a wrong password.
           count(*) FILTER (WHERE status_code = '50126') AS wrong_passwords,
           count(*) FILTER (WHERE status_code = '500121') AS denials
    FROM break_ins
    JOIN sign_ins ON sign_ins.user_name = break_ins.user_name AND sign_ins.ip = break_ins.ip
    WHERE sign_ins.time BETWEEN first_entry - INTERVAL '3 days' AND last_entry + INTERVAL '1 day' AND sign_ins.status = 'Failure'
    GROUP BY 1, 2
),
registrations AS (
    SELECT break_ins.user_name, break_ins.ip, count(*) AS authenticators, max(time) AS registered
    FROM break_ins
    JOIN account_change
      ON actor_user_name = break_ins.user_name AND src_endpoint_ip = break_ins.ip
    WHERE source = 'azure_entra' AND metadata_event_code = 'User registered security info'
      AND time BETWEEN first_entry AND last_entry + INTERVAL '1 day'
    GROUP BY 1, 2
)
SELECT break_ins.user_name, break_ins.ip, country, first_seen, coalesce(registered, last_entry) AS last_seen,
       wrong_passwords, denials, sign_ins_without_mfa, coalesce(authenticators, 0) AS authenticators
FROM break_ins
JOIN attempts ON attempts.user_name = break_ins.user_name AND attempts.ip = break_ins.ip
LEFT JOIN registrations ON registrations.user_name = break_ins.user_name AND registrations.ip = break_ins.ip
ORDER BY first_seen
