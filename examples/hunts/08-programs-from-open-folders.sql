-- title: What programs did that run from folders anybody can write to
-- technique: T1543.003, T1053.005, T1003.001, T1071.004
-- finds: service-installed, dumper-started, lsass-read, scheduled-task, command-server-lookup
-- reads: scheduled_job_activity, process_activity, dns_activity
-- why: Software is installed under Program Files or Windows. A program in ProgramData, a temporary folder or a profile that becomes a
--      service or a task, opens lsass.exe, or calls names on its own, is followed here by its path through every table.
WITH deeds AS (
    SELECT time, device.hostname AS host, job.file.path AS program,
           CASE WHEN job.desc = 'Windows service' THEN 'service' ELSE 'task' END AS deed, job.name AS detail, NULL AS sha256
    FROM scheduled_job_activity
    WHERE activity_id IN (1, 2)
    UNION ALL
    SELECT time, device.hostname, process.file.path, 'start', process.cmd_line, process_file_hashes_sha256_value
    FROM process_activity
    WHERE activity_id = 1
    UNION ALL
    SELECT time, device.hostname, actor.process.file.path, 'opened lsass', actual_permissions, NULL
    FROM process_activity
    WHERE activity_id = 3 AND process.file.path ILIKE '%\lsass.exe'
    UNION ALL
    SELECT time, device.hostname, actor.process.file.path, 'lookup', query.hostname, NULL
    FROM dns_activity
    WHERE source = 'windows_event'
)
SELECT program, host, min(time) AS first_seen, max(time) AS last_seen,
       count(*) FILTER (WHERE deed = 'service') AS services,
       count(*) FILTER (WHERE deed = 'task') AS tasks,
       count(*) FILTER (WHERE deed = 'start') AS starts,
       count(*) FILTER (WHERE deed = 'opened lsass') AS lsass_reads,
       count(*) FILTER (WHERE deed = 'lookup') AS lookups,
       min(detail) FILTER (WHERE deed = 'lookup') AS domain,
       min(sha256) AS sha256
FROM deeds
WHERE regexp_like(program, '^c:\\(programdata|users|windows\\temp|temp|perflogs)\\', 'i')
GROUP BY 1, 2
HAVING count(DISTINCT deed) >= 2
ORDER BY first_seen
