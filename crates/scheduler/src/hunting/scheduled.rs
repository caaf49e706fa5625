//! Hunts that run by themselves: each slot exactly once, whoever leads.

use std::collections::BTreeMap;

use coldtrail_catalog::Error as CatalogError;
use coldtrail_hunt::{ALL_TIME, Content, ContentKind, ContentService, Cron, Schedule};
use coldtrail_model::{DocumentChange, Run, RunId, RunState, TimeRange};
use coldtrail_query::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Hunting;
use super::start::{ReadyHunt, run_request};
use crate::content::SCHEDULE;
use crate::runs::{SINCE_SNAPSHOT, catalog_error, now_ms};

/// Up to which slot a hunt has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    /// The last slot, in milliseconds since 1970, UTC.
    slot_ms: i64,
    /// What came into the lake after this snapshot was hunted by the slot; 0: everything was.
    since: u64,
    /// The oldest snapshot that one of its runs reads.
    upto: u64,
}

impl Hunting {
    /// Starts the runs of every slot that is due by an instant (milliseconds since 1970, UTC). The ids of a slot's runs follow from it,
    /// so that two leaders start the same ones. [`Self::lead`] does it again and again.
    pub async fn start_scheduled(&self, now_ms: i64) -> Result<(), Error> {
        for content in self.content.list(ContentKind::Hunt).await? {
            let Some(when) = &content.schedule else { continue };
            if let Err(error) = self.start_slots_of(&content, when, now_ms).await {
                tracing::warn!(hunt = %content.name, %error, "the hunt's schedule waits");
            }
        }
        Ok(())
    }

    async fn start_slots_of(&self, content: &Content, when: &Cron, now: i64) -> Result<(), Error> {
        let schedule = Schedule::parse(&when.expression, &when.zone).map_err(|error| Error::BadStatement { message: error.to_string() })?;
        let document = self.catalog.document(SCHEDULE, &content.name).await.map_err(catalog_error)?;
        let known: Option<Standing> = document.as_ref().and_then(|document| serde_json::from_slice(&document.body).ok());
        // A hunt that is brought again under its name goes on where it was; a new one begins with its first slot after it was brought.
        let mut standing = known.unwrap_or(Standing { slot_ms: content.brought_ms, since: 0, upto: 0 });
        let mut version = document.map_or(0, |document| document.version);
        let due = schedule.due(standing.slot_ms, now);
        if due.passed_over > 0 {
            tracing::warn!(hunt = %content.name, slots = due.passed_over, "slots are passed over: nobody led when they were due");
        }
        for slot_ms in due.slots_ms {
            standing = self.start_slot(content, slot_ms, standing).await?;
            let body = serde_json::to_vec(&standing).unwrap_or_default();
            let put = DocumentChange::put(SCHEDULE, content.name.clone(), body, now_ms(), &content.brought_by).expecting(version);
            match self.catalog.put_documents(vec![put]).await {
                Ok(stored) => version = stored.first().map_or(version, |document| document.version),
                // Another leader is further.
                Err(CatalogError::DocumentChanged { .. }) => return Ok(()),
                Err(error) => return Err(catalog_error(error)),
            }
        }
        Ok(())
    }

    /// Starts the runs of one slot, those that are not there yet.
    async fn start_slot(&self, content: &Content, slot_ms: i64, last: Standing) -> Result<Standing, Error> {
        let ready = self.ready_at(content, slot_ms).await?;
        let since = self.hunted_upto(content, &ready, last).await?;
        let mut upto = u64::MAX;
        for query in &ready.rendered.queries {
            let id = run_of_slot(&content.name, &query.id, slot_ms);
            let run = match self.catalog.run(id).await.map_err(catalog_error)? {
                Some((there, _)) => there,
                None => {
                    let mut request = run_request(&ready, query);
                    request.labels.insert("slot_ms".to_owned(), slot_ms.to_string());
                    if since > 0 && !query.names_end {
                        // What is answered row by row reads only what was taken in since, however late it was. A statement that ends at
                        // the slot leaves out what is newer, so that the next one has to look there again.
                        request.labels.insert(SINCE_SNAPSHOT.to_owned(), since.to_string());
                    }
                    self.runs.submit_as(&content.brought_by, request, id, now_ms()).await?
                }
            };
            upto = upto.min(run.definition.snapshot_id);
        }
        Ok(Standing { slot_ms, since, upto })
    }

    /// The hunt as it runs in a slot: `${until}` is the slot, from which it looks back; its window has no end. What was taken in between the slot and
    /// the moment that its run pins a snapshot would else be too late for this slot and not new for the next.
    async fn ready_at(&self, content: &Content, slot_ms: i64) -> Result<ReadyHunt, Error> {
        let (_, hunt) = self.content.hunt_of(&content.versioned_name()).await?;
        let looked_back = TimeRange { start_ms: hunt.range_at(slot_ms).from_ms, end_ms: slot_ms - 1 };
        let ready = self.ready(&content.versioned_name(), &BTreeMap::new(), Some(looked_back), slot_ms).await?;
        Ok(ReadyHunt { window: TimeRange { end_ms: ALL_TIME.end_ms, ..looked_back }, ..ready })
    }

    /// The snapshot up to which everything was hunted: what the last slot read, if all its runs read it to the end, else what was
    /// hunted before it.
    async fn hunted_upto(&self, content: &Content, ready: &ReadyHunt, last: Standing) -> Result<u64, Error> {
        for query in &ready.rendered.queries {
            let run = self.catalog.run(run_of_slot(&content.name, &query.id, last.slot_ms)).await.map_err(catalog_error)?;
            if !run.is_some_and(|(run, _)| is_done(&run)) {
                return Ok(last.since);
            }
        }
        Ok(last.upto)
    }
}

fn is_done(run: &Run) -> bool {
    run.state == RunState::Done
}

/// The id of a slot's run: its time and what follows from the names, so that it is the same on every node.
fn run_of_slot(hunt: &str, query: &str, slot_ms: i64) -> RunId {
    let digest = Sha256::digest(format!("{hunt}\0{query}\0{slot_ms}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[..6].copy_from_slice(&slot_ms.to_be_bytes()[2..]);
    // Version 7 and the variant of RFC 9562, so that it sorts by time like any other run.
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    RunId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_of_slots_have_ids_of_their_own_that_sort_by_time() {
        let id = |query, slot_ms| run_of_slot("hunt", query, slot_ms);
        assert_eq!(id("a", 1_000), id("a", 1_000), "any node gives the same");
        assert_ne!(id("a", 1_000), id("b", 1_000));
        assert!(id("a", 1_000) < id("a", 2_000) && id("a", 2_000) < RunId::generate());
    }
}
