-- Encoded commands, in every command line of three months.
SELECT device_hostname, actor_user_name, process_file_path, count(*) AS starts, min(time) AS first_seen
FROM process_activity
WHERE process_cmd_line ILIKE '%-encodedcommand %'
GROUP BY device_hostname, actor_user_name, process_file_path
