-- What came in and what should have, by source, account, region and hour. Filled in by coverage.rs: {within} keeps the window,
-- {start} and {end} are its bounds or null, {declares} says whether something was
-- declared, {silent_days_max} is how long somebody who fell silent is missed.
WITH taken AS (
  SELECT url, source, max(ingested_time) AS ingested_time, sum(bytes) AS bytes, sum(records) AS records
  FROM system.sources
  WHERE records > 0
  GROUP BY url, source
),
-- Events of one object in one hour: few rows, so that what is known of objects is joined to few.
seen AS (
  SELECT source, cloud_account_uid AS account, cloud_region AS region, date_trunc('hour', time) AS hour, source_object,
    count(*) AS events, count(unmapped) AS unmapped, min(time) AS oldest, max(time) AS newest,
    sum(arrow_cast(time, 'Int64') - arrow_cast(date_trunc('hour', time), 'Int64')) AS into_hour_ms
  FROM events
  WHERE {within}
  GROUP BY 1, 2, 3, 4, 5
),
present AS (
  SELECT seen.source AS source, account, region, hour,
    sum(events) AS events,
    sum(events * 1.0 * taken.bytes / taken.records) AS bytes,
    sum(CASE WHEN ingested_time >= hour + INTERVAL '25 hours' THEN events ELSE 0 END) AS late,
    sum(unmapped) AS unmapped,
    sum(events * (arrow_cast(ingested_time, 'Int64') - arrow_cast(hour, 'Int64')) - into_hour_ms) AS lag_sum_ms,
    sum(CASE WHEN ingested_time IS NOT NULL THEN events ELSE 0 END) AS lag_events,
    max(arrow_cast(ingested_time, 'Int64') - arrow_cast(oldest, 'Int64')) AS lag_max_ms,
    max(arrow_cast(newest, 'Int64') - arrow_cast(ingested_time, 'Int64')) AS ahead_max_ms
  FROM seen LEFT JOIN taken ON seen.source_object = taken.url AND seen.source = taken.source
  GROUP BY 1, 2, 3, 4
),
-- Whose account and region is not known: by source, and by the hour in which they came.
others AS (
  SELECT source, date_trunc('hour', time) AS hour, 1 AS rejects, 0 AS duplicates FROM system.rejects WHERE {within}
  UNION ALL
  SELECT doubled.source, date_trunc('hour', doubled.ingested_time), 0, original.records
  FROM (SELECT source, ingested_time AS time, ingested_time, sha256 FROM system.sources WHERE records = 0) AS doubled
  JOIN (SELECT sha256, max(records) AS records FROM system.sources WHERE records > 0 GROUP BY sha256) AS original
    ON doubled.sha256 = original.sha256
  WHERE {within}
),
refused AS (
  SELECT source, arrow_cast(NULL, 'Utf8') AS account, arrow_cast(NULL, 'Utf8') AS region, hour,
    sum(rejects) AS rejects, sum(duplicates) AS duplicates
  FROM others GROUP BY source, hour
),
-- All that is asked of events is asked once: what a statement names twice is read twice.
ordered AS (
  SELECT *,
    lead(hour) OVER in_order AS next_hour,
    CASE WHEN date_trunc('day', hour) = date_trunc('day', lag(hour) OVER in_order) THEN 0 ELSE 1 END AS begins_active_day
  FROM present
  WINDOW in_order AS (PARTITION BY source, account, region ORDER BY hour)
),
bounds AS (
  SELECT *,
    coalesce({end}, max(hour) OVER ()) AS end_hour,
    min(hour) OVER of_series AS first_hour,
    max(hour) OVER of_series AS last_hour,
    sum(begins_active_day) OVER of_series AS active_days
  FROM ordered
  WINDOW of_series AS (PARTITION BY source, account, region)
),
-- Each hour with events, and those without that follow it. Nothing is filled in for who was there on few days only: no rhythm can be
-- learnt (half of all Saturdays and Sundays are one day in seven), and the years between would be many rows.
filled AS (
  SELECT *, unnest(generate_series(hour, greatest(hour, CASE
      WHEN active_days < 3 OR 8 * active_days < (date_part('epoch', last_hour) - date_part('epoch', first_hour)) / 86400.0 THEN hour
      WHEN next_hour IS NOT NULL THEN next_hour - INTERVAL '1 hour'
      ELSE least(end_hour, hour + INTERVAL '{silent_days_max} days')
    END), INTERVAL '1 hour')) AS each_hour
  FROM bounds
),
hours AS (
  SELECT source, account, region, each_hour AS hour, end_hour,
    each_hour <= last_hour AS is_known,
    each_hour = greatest(first_hour, date_trunc('day', each_hour)) AS begins_day,
    date_part('dow', each_hour) IN (0, 6) AS is_weekend,
    date_part('hour', each_hour) AS hour_of_day,
    date_trunc('day', each_hour) AS day,
    CASE WHEN each_hour = hour THEN events ELSE 0 END AS events,
    CASE WHEN each_hour = hour THEN bytes END AS bytes,
    CASE WHEN each_hour = hour THEN late ELSE 0 END AS late,
    CASE WHEN each_hour = hour THEN unmapped ELSE 0 END AS unmapped,
    CASE WHEN each_hour = hour THEN lag_sum_ms END AS lag_sum_ms,
    CASE WHEN each_hour = hour THEN lag_events END AS lag_events,
    CASE WHEN each_hour = hour THEN lag_max_ms END AS lag_max_ms,
    CASE WHEN each_hour = hour THEN ahead_max_ms END AS ahead_max_ms
  FROM filled
),
days AS (
  SELECT *, sum(events) OVER (PARTITION BY source, account, region, day) AS day_events FROM hours
),
-- How often there are events at this hour of the day, and how many. Weekends have a rhythm of their own, once three such days are known.
counted AS (
  SELECT *,
    sum(CASE WHEN events > 0 THEN 1 ELSE 0 END) OVER of_hour AS kind_active,
    sum(CASE WHEN is_known THEN 1 ELSE 0 END) OVER of_hour AS kind_known,
    sum(events) OVER of_hour AS kind_events,
    sum(CASE WHEN events > 0 THEN 1 ELSE 0 END) OVER of_any_hour AS any_active,
    sum(CASE WHEN is_known THEN 1 ELSE 0 END) OVER of_any_hour AS any_known,
    sum(events) OVER of_any_hour AS any_events,
    sum(CASE WHEN day_events > 0 AND begins_day THEN 1 ELSE 0 END) OVER of_day AS days_active,
    sum(CASE WHEN is_known AND begins_day THEN 1 ELSE 0 END) OVER of_day AS days_known
  FROM days
  WINDOW of_hour AS (PARTITION BY source, account, region, is_weekend, hour_of_day),
    of_any_hour AS (PARTITION BY source, account, region, hour_of_day),
    of_day AS (PARTITION BY source, account, region, is_weekend)
),
chosen AS (
  SELECT *,
    CASE WHEN kind_known >= 3 THEN kind_active ELSE any_active END AS active,
    CASE WHEN kind_known >= 3 THEN kind_known ELSE any_known END AS known,
    CASE WHEN kind_known >= 3 THEN kind_events ELSE any_events END AS hour_events
  FROM counted
),
-- The silent hour itself says nothing of what is usual.
usual AS (
  SELECT *,
    CASE WHEN active >= 3 THEN 1.0 * active / greatest(known - CASE WHEN is_known THEN 1 ELSE 0 END, active) ELSE 0.0 END AS share,
    1.0 * hour_events / greatest(known, 1) AS mean,
    CASE WHEN days_active >= 3
      THEN 1.0 * days_active / greatest(days_known - CASE WHEN is_known AND day_events = 0 THEN 1 ELSE 0 END, days_active) ELSE 0.0 END AS day_share,
    sum(CASE WHEN events > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY source, account, region ORDER BY hour) AS silence
  FROM chosen
),
-- A silence: hours without events that follow one another. How unlikely it is by the share of such hours with events (as the sum of
-- logarithms), how many events it should have had, and the first of its hours in which there usually are some.
silences AS (
  SELECT *,
    sum(CASE WHEN events = 0 THEN -ln(1.0 - least(share, 0.99)) ELSE 0.0 END) OVER of_silence AS surprise,
    sum(CASE WHEN events = 0 THEN mean ELSE 0.0 END) OVER of_silence AS missing,
    CASE WHEN events = 0 AND share > 0.5
      AND sum(CASE WHEN events = 0 AND share > 0.5 THEN 1 ELSE 0 END) OVER (PARTITION BY source, account, region, silence ORDER BY hour) = 1
      THEN 1 ELSE 0 END AS begins
  FROM usual
  WINDOW of_silence AS (PARTITION BY source, account, region, silence)
),
-- Who is hardly ever silent when there usually is something is missed at once; who is now and then, once ten events are missing.
learnt AS (
  SELECT *,
    CASE WHEN share > 0.5 THEN 'hourly' WHEN day_share >= 0.9 THEN 'daily' END AS expected,
    200 * sum(begins) OVER of_series <= sum(CASE WHEN events > 0 THEN 1 ELSE 0 END) OVER of_series + 200 AS is_regular
  FROM silences
  WINDOW of_series AS (PARTITION BY source, account, region)
),
-- Of a declared source there should be events in each stretch of so many hours. Without a declaration, {declares} is false and nothing of
-- this is planned.
horizon AS (
  SELECT coalesce({start}, min(hour)) AS start_hour, coalesce({end}, max(hour)) AS end_hour FROM present
),
declared_hours AS (
  SELECT source, account, region, every_hours, unnest(generate_series(
      coalesce(greatest(date_trunc('hour', since), start_hour), start_hour), end_hour, INTERVAL '1 hour')) AS hour
  FROM system.expected CROSS JOIN horizon
),
declared AS (
  SELECT declared_hours.source AS source, declared_hours.account AS account, declared_hours.region AS region, every_hours,
    declared_hours.hour AS hour, coalesce(sum(events), 0) AS events
  FROM declared_hours LEFT JOIN present
    ON declared_hours.source = present.source AND declared_hours.hour = present.hour
    AND (declared_hours.account IS NULL OR declared_hours.account = present.account)
    AND (declared_hours.region IS NULL OR declared_hours.region = present.region)
  GROUP BY 1, 2, 3, 4, 5
),
stretches AS (
  SELECT *, sum(events) OVER of_stretch AS stretch_events, count(*) OVER of_stretch AS stretch_hours FROM declared
  WINDOW of_stretch AS (
    PARTITION BY source, account, region, every_hours, floor(date_part('epoch', hour) / 3600.0 / every_hours))
),
-- Columns keep the comments of the tables they are of, which must agree in a union; those of functions have none.
cells AS (
  SELECT nullif(source, '') AS source, nullif(account, '') AS account, nullif(region, '') AS region, hour, events, bytes, late, unmapped, 0 AS rejects, 0 AS duplicates,
    lag_sum_ms, lag_events, lag_max_ms, ahead_max_ms, expected,
    events = 0 AND hour <= end_hour AND (
      (share > 0.5 AND surprise >= 3.0 AND (missing >= 10.0 OR is_regular))
      OR (day_share >= 0.9 AND day_events = 0 AND day + INTERVAL '23 hours' <= end_hour)) AS is_gap
  FROM learnt
  UNION ALL
  SELECT nullif(source, '') AS source, nullif(account, '') AS account, nullif(region, '') AS region, hour, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 'declared', true
  FROM stretches WHERE {declares} AND stretch_events = 0 AND stretch_hours = every_hours
  UNION ALL
  SELECT nullif(source, '') AS source, nullif(account, '') AS account, nullif(region, '') AS region, hour, 0, 0, 0, 0, rejects, duplicates, 0, 0, NULL, NULL, NULL, false FROM refused
)
SELECT source, account, region, hour,
  sum(events) AS events,
  arrow_cast(round(sum(bytes)), 'Int64') AS bytes,
  sum(late) AS late,
  sum(unmapped) AS unmapped,
  sum(rejects) AS rejects,
  sum(duplicates) AS duplicates,
  sum(lag_sum_ms) / 1000.0 / nullif(sum(lag_events), 0) AS lag_seconds,
  max(lag_max_ms) / 1000.0 AS lag_seconds_max,
  greatest(max(ahead_max_ms), 0) / 1000.0 AS ahead_seconds_max,
  min(expected) AS expected,
  bool_or(is_gap) AS is_gap
FROM cells
WHERE events > 0 OR rejects > 0 OR duplicates > 0 OR is_gap
GROUP BY source, account, region, hour
