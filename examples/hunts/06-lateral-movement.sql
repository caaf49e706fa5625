-- title: Passwords guessed over the network until one was right, and where the account went next
-- technique: T1110.001, T1021.002, T1021.001
-- finds: logon-failures, network-logon, remote-desktop
-- reads: authentication
-- why: One address that fails many times over the network for one account, then gets in, has guessed. A remote desktop session of
--      that account within a day is the next hop; its source is the machine that was just taken.
WITH logons AS (
    SELECT time, user.name AS user_name, src_endpoint.ip AS ip, device.hostname AS host, status, logon_type_id
    FROM authentication
    WHERE source = 'windows_event' AND metadata.event_code IN ('4624', '4625')
),
guesses AS (
    SELECT user_name, ip, min(time) AS first_seen, max(time) AS last_guess, count(*) AS failures, count(DISTINCT host) AS hosts_tried
    FROM logons
    WHERE status = 'Failure' AND logon_type_id = 3
    GROUP BY user_name, ip, date_bin(INTERVAL '1 day', time)
    HAVING count(*) >= 10
),
entries AS (
    SELECT guesses.user_name, guesses.ip, first_seen, failures, hosts_tried, count(*) AS logons,
           min(logons.host) AS host, max(logons.time) AS entered
    FROM guesses
    JOIN logons
      ON logons.user_name = guesses.user_name AND logons.ip = guesses.ip
     AND logons.time BETWEEN first_seen AND last_guess + INTERVAL '1 hour'
    WHERE logons.status = 'Success' AND logons.logon_type_id = 3
    GROUP BY 1, 2, 3, 4, 5
)
SELECT entries.user_name, entries.ip, failures, hosts_tried, logons, entries.host AS entered_host,
       count(hops.time) AS remote_desktops, min(hops.ip) AS hop_from, min(hops.host) AS hop_to,
       first_seen, coalesce(max(hops.time), entered) AS last_seen
FROM entries
LEFT JOIN logons AS hops
  ON hops.user_name = entries.user_name AND hops.status = 'Success' AND hops.logon_type_id = 10
 AND hops.time BETWEEN entered AND entered + INTERVAL '1 day'
GROUP BY entries.user_name, entries.ip, failures, hosts_tried, logons, entries.host, first_seen, entered
ORDER BY first_seen
