-- title: PowerShell started with an encoded command, and the downloading scripts that came of it
-- technique: T1059.001, T1027.010
-- finds: encoded-powershell, download-cradle
-- reads: process_activity, script_activity
-- why: An encoded command hides from whoever reads process lists, not from script block logging. The two together name what was run:
--      starts of PowerShell with base64 on a host, and blocks that download and execute within a minute there.
WITH starts AS (
    SELECT time, device.hostname AS host, actor.user.name AS user_name, process.cmd_line AS command, process.parent_process.name AS parent
    FROM process_activity
    WHERE activity_id = 1 AND process.name ILIKE 'powershell%'
      AND regexp_like(process.cmd_line, '\s-e(nc|ncodedcommand|c)?\s+[A-Za-z0-9+/=]{40,}', 'i')
),
cradles AS (
    SELECT time, device.hostname AS host, script.script_content.value AS script
    FROM script_activity
    WHERE regexp_like(script.script_content.value, '(downloadstring|downloadfile|invoke-webrequest|net\.webclient)', 'i')
),
by_host AS (
    SELECT host, user_name, min(parent) AS parent, min(time) AS first_seen, max(time) AS last_seen, count(*) AS starts,
           min(command) AS command
    FROM starts
    GROUP BY 1, 2
)
SELECT by_host.host, user_name, parent, first_seen, greatest(last_seen, max(cradles.time)) AS last_seen, starts,
       count(cradles.time) AS cradles, min(cradles.script) AS script,
       -- Base64 of UTF-16: without the zero byte after each letter it can be read.
       CAST(decode(regexp_replace(encode(decode(regexp_match(command, '[A-Za-z0-9+/=]{40,}')[1], 'base64'), 'hex'), '(..)00', '\1', 'g'),
                   'hex') AS VARCHAR) AS command_decoded
FROM by_host
LEFT JOIN cradles ON cradles.host = by_host.host AND cradles.time BETWEEN first_seen AND by_host.last_seen + INTERVAL '1 minute'
GROUP BY by_host.host, user_name, parent, first_seen, last_seen, starts, command
ORDER BY first_seen
