//! Which segments are worth merging.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldtrail_model::{Day, SCHEMA_VERSION, SegmentId, SegmentMeta, Snapshot, Table};

use crate::config::hours_ms;
use crate::{Holds, MaintenanceConfig};

/// Segments of one day that one commit replaces.
#[derive(Debug, Default)]
pub(crate) struct Job {
    /// Segments of events or rejects that become one, each group of one table and source.
    pub(crate) groups: Vec<Group>,
    /// Segments of observables that become one. All of the day are in them if events are merged, for each may tell of those.
    pub(crate) observables: Vec<Group>,
}

/// Segments that become one.
#[derive(Debug)]
pub(crate) struct Group {
    /// The name of the one.
    pub(crate) id: SegmentId,
    pub(crate) segments: Vec<Arc<SegmentMeta>>,
}

/// What there is to do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The newest days first.
    pub(crate) jobs: Vec<Job>,
    /// Small segments that are left alone because of a hold.
    pub(crate) segments_held: u64,
}

type Segments = Vec<Arc<SegmentMeta>>;

impl Job {
    /// Every segment that it replaces.
    pub(crate) fn removed(&self) -> Segments {
        self.groups.iter().chain(&self.observables).flat_map(|group| group.segments.iter().cloned()).collect()
    }

    /// Every segment that it makes.
    pub(crate) fn outputs(&self) -> Vec<SegmentId> {
        self.groups.iter().chain(&self.observables).map(|group| group.id).collect()
    }

    /// The day.
    pub(crate) fn day(&self) -> Option<Day> {
        self.groups.iter().chain(&self.observables).find_map(|group| group.segments.first()).map(|segment| segment.day)
    }
}

/// Chooses what to merge, in a snapshot.
pub(crate) fn plan(snapshot: &Snapshot, holds: &Holds, config: &MaintenanceConfig, now_ms: i64) -> Plan {
    let mut days: BTreeMap<Day, Segments> = BTreeMap::new();
    for segment in snapshot.segments.values().flatten() {
        days.entry(segment.day).or_default().push(Arc::clone(segment));
    }
    let mut plan = Plan::default();
    for segments in days.into_values().rev() {
        plan_day(&segments, holds, config, now_ms, &mut plan);
    }
    plan
}

fn plan_day(segments: &Segments, holds: &Holds, config: &MaintenanceConfig, now_ms: i64, plan: &mut Plan) {
    let mut rows: BTreeMap<(Table, &str), Segments> = BTreeMap::new();
    let mut observables = Segments::new();
    let mut has_held_observables = false;
    for segment in segments {
        let is_held = holds.covering(segment).is_some();
        if segment.table == Table::Observables {
            has_held_observables |= is_held;
            observables.push(Arc::clone(segment));
        } else if is_small(segment, config) && is_held {
            plan.segments_held += 1;
        } else if is_small(segment, config) {
            rows.entry((segment.table, &segment.source)).or_default().push(Arc::clone(segment));
        }
    }
    let groups: Vec<Group> = rows.into_values().flat_map(|segments| choose_groups(segments, config, now_ms)).collect();
    if has_held_observables {
        // They must stay as they are, so the segments that they name must stay too. Rejects are not named.
        plan.segments_held += observables.len() as u64;
        let (rejects, held): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| group.segments[0].table == Table::Rejects);
        plan.segments_held += held.iter().map(|group| group.segments.len() as u64).sum::<u64>();
        plan.jobs.extend(divide(rejects, config));
        return;
    }
    let mut jobs = divide(groups, config);
    let touches_observables = |job: &Job| job.groups.iter().any(|group| matches!(group.segments[0].table, Table::Events(_)));
    // The second job of a day would replace observables that the first one has replaced: it waits for the next pass.
    jobs.truncate(jobs.iter().position(touches_observables).map_or(jobs.len(), |first| first + 1));
    match jobs.iter_mut().find(|job| touches_observables(job)) {
        Some(job) => job.observables = pack(observables, config).into_iter().map(Group::new).collect(),
        None => {
            let small = observables.into_iter().filter(|segment| is_small(segment, config)).collect();
            let observables = choose_groups(small, config, now_ms);
            if !observables.is_empty() {
                jobs.push(Job { groups: Vec::new(), observables });
            }
        }
    }
    plan.jobs.extend(jobs);
}

/// True if the segment is so small that it should be merged, and can be.
fn is_small(segment: &SegmentMeta, config: &MaintenanceConfig) -> bool {
    segment.bytes < config.segment_bytes_target.div_ceil(2) && segment.schema_version <= SCHEMA_VERSION
}

impl Group {
    fn new(segments: Segments) -> Self {
        Self { id: SegmentId::generate(), segments }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}

/// Groups of small segments of one day, table and source. While more are coming, a large one waits until the others together are
/// as large, so that a row is written again a few times at most, however many small segments follow.
fn choose_groups(mut segments: Segments, config: &MaintenanceConfig, now_ms: i64) -> Vec<Group> {
    let newest_ms = segments.iter().map(|segment| segment.created_ms).max().unwrap_or(0);
    let is_settled = newest_ms <= now_ms.saturating_sub(hours_ms(config.settled_hours));
    let least = if is_settled { 2 } else { config.segments_min };
    if !is_settled {
        drop_dominant(&mut segments);
    }
    let mut groups = pack(segments, config);
    if !is_settled {
        groups.iter_mut().for_each(drop_dominant);
    }
    groups.into_iter().filter(|segments| segments.len() >= least).map(Group::new).collect()
}

/// Leaves out segments that are larger than all smaller ones together.
fn drop_dominant(segments: &mut Segments) {
    segments.sort_by_key(|segment| (segment.bytes, segment.id));
    let mut total: u64 = segments.iter().map(|segment| segment.bytes).sum();
    while let Some(largest) = segments.last().filter(|largest| largest.bytes > total - largest.bytes) {
        total -= largest.bytes;
        segments.pop();
    }
}

/// Packs segments that follow one another in time together, up to the target's size; one that is larger stays alone.
fn pack(mut segments: Segments, config: &MaintenanceConfig) -> Vec<Segments> {
    segments.sort_by_key(|segment| (segment.time.start_ms, segment.id));
    let (mut packs, mut bytes): (Vec<Segments>, u64) = (Vec::new(), 0);
    for segment in segments {
        let fits = |pack: &&mut Segments| bytes + segment.bytes <= config.segment_bytes_target && pack.len() < config.segments_max;
        match packs.last_mut().filter(fits) {
            Some(pack) => {
                bytes += segment.bytes;
                pack.push(segment);
            }
            None => {
                bytes = segment.bytes;
                packs.push(vec![segment]);
            }
        }
    }
    packs
}

/// Divides groups into jobs that are not too large.
fn divide(groups: Vec<Group>, config: &MaintenanceConfig) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    let (mut segments, mut bytes) = (0, 0);
    for group in groups {
        let fits = segments + group.segments.len() <= config.job_segments_max && bytes + group.bytes() <= config.job_bytes_max;
        if jobs.is_empty() || !fits {
            jobs.push(Job::default());
            (segments, bytes) = (0, 0);
        }
        segments += group.segments.len();
        bytes += group.bytes();
        if let Some(job) = jobs.last_mut() {
            job.groups.push(group);
        }
    }
    jobs
}

#[cfg(test)]
mod tests;
