//! Hunts that run by themselves: each slot exactly once, whoever leads.

use std::collections::BTreeMap;

use coldtrail_catalog::Error as CatalogError;
use coldtrail_hunt::{Content, ContentKind, ContentService, Schedule};
use coldtrail_model::{DocumentChange, RunId};
use coldtrail_query::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Hunting;
use super::start::run_request;
use crate::runs::{catalog_error, now_ms};

/// The kind of the documents that say up to which slot a hunt has run.
const SCHEDULE: &str = "schedule";

/// Up to which slot a hunt has run.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Standing {
    /// The last slot, in milliseconds since 1970, UTC.
    slot_ms: i64,
    /// The snapshot that it read.
    snapshot_id: u64,
}

impl Hunting {
    /// Starts the runs of every slot that is due. A slot's runs have ids that follow from it, so that two leaders start the same ones.
    pub(super) async fn start_scheduled(&self) -> Result<(), Error> {
        for content in self.content.list(ContentKind::Hunt).await? {
            if let Err(error) = self.start_slots_of(&content).await {
                tracing::warn!(hunt = %content.name, %error, "the hunt's schedule waits");
            }
        }
        Ok(())
    }

    async fn start_slots_of(&self, content: &Content) -> Result<(), Error> {
        let (_, hunt) = self.content.hunt_of(&content.versioned_name()).await?;
        let Some(when) = &hunt.schedule else { return Ok(()) };
        let schedule = Schedule::parse(&when.cron, &when.timezone).map_err(|error| Error::BadStatement { message: error.to_string() })?;
        let document = self.catalog.document(SCHEDULE, &content.name).await.map_err(catalog_error)?;
        let known: Option<Standing> = document.as_ref().and_then(|document| serde_json::from_slice(&document.body).ok());
        // A hunt that is brought again under its name goes on where it was; a new one begins with its first slot after it was brought.
        let mut standing = known.unwrap_or(Standing { slot_ms: content.brought_ms, snapshot_id: 0 });
        let due = schedule.due(standing.slot_ms, now_ms());
        if due.passed_over > 0 {
            tracing::warn!(hunt = %content.name, slots = due.passed_over, "slots are passed over: nobody led when they were due");
        }
        let mut version = document.map_or(0, |document| document.version);
        for slot_ms in due.slots_ms {
            let snapshot_id = self.start_slot(content, slot_ms, standing.snapshot_id).await?;
            standing = Standing { slot_ms, snapshot_id };
            let body = serde_json::to_vec(&standing).unwrap_or_default();
            let put = DocumentChange::put(SCHEDULE, content.name.clone(), body, now_ms(), &content.brought_by).expecting(version);
            match self.catalog.put_documents(vec![put]).await {
                Ok(_) => version += 1,
                // Another leader is further.
                Err(CatalogError::DocumentChanged { .. }) => return Ok(()),
                Err(error) => return Err(catalog_error(error)),
            }
        }
        Ok(())
    }

    /// Starts the runs of one slot, and gives the snapshot that they read.
    async fn start_slot(&self, content: &Content, slot_ms: i64, since_snapshot: u64) -> Result<u64, Error> {
        let ready = self.ready(&content.versioned_name(), &BTreeMap::new(), None, slot_ms).await?;
        let mut read = since_snapshot;
        for query in &ready.rendered.queries {
            let mut request = run_request(&ready, query);
            request.labels.insert("slot_ms".to_owned(), slot_ms.to_string());
            if since_snapshot > 0 {
                // What can be read row by row reads only what was taken in since the last slot, however late it was.
                request.labels.insert("since_snapshot".to_owned(), since_snapshot.to_string());
            }
            let id = run_of_slot(&content.name, &query.id, slot_ms);
            if let Some((there, _)) = self.catalog.run(id).await.map_err(catalog_error)? {
                read = read.max(there.definition.snapshot_id);
                continue;
            }
            let run = self.runs.submit_as(&content.brought_by, request, id, now_ms()).await?;
            read = read.max(run.definition.snapshot_id);
        }
        Ok(read)
    }
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
