//! What a queue tells of, taken in as it comes.

use std::collections::{BTreeSet, HashMap};

use coldtrail_catalog::SourceProbe;
use coldtrail_ingest::{SourceFile, is_hidden};
use tokio_util::sync::CancellationToken;

use super::entry::{Entry, Next, probe_of};
use super::notice::{NewObject, read_message};
use super::queue::Message;
use super::seen::{Seen, Stamp, State};
use crate::{Error, Taker};

/// How many messages are received before what they tell of is taken in, in one commit as far as it fits one.
const MESSAGES_PER_COMMIT: usize = 1000;

/// A message whose objects are to be taken.
struct Told {
    message: Message,
    keys: Vec<String>,
    /// False if it also tells of objects elsewhere: then whoever reads those needs it.
    is_ours_alone: bool,
}

impl Entry {
    /// Takes in what messages tell of, and deletes those whose objects are in the lake, are gone, or are nothing to take. All others
    /// stay: SQS gives them again, and hands them to its dead-letter queue if it has one.
    pub(super) async fn poll(&mut self, taker: &Taker, now_ms: i64, stop: &CancellationToken) -> Result<Next, Error> {
        let Some(queue) = self.queue.clone() else { return Ok(Next::Later) };
        let messages = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(Next::Later),
            messages = queue.receive(self.config.queue_wait_seconds, MESSAGES_PER_COMMIT) => messages?,
        };
        if messages.is_empty() {
            return Ok(Next::AtOnce);
        }
        self.count(|status| status.messages_received += messages.len() as u64);
        let (mut done, told) = self.read(messages);
        let keys: BTreeSet<&str> = told.iter().flat_map(|told| &told.keys).map(String::as_str).collect();
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let urls = self.take_keys(taker, &keys, now_ms, stop).await?;
        for told in told {
            let is_done = |key: &String| match urls.get(key) {
                Some(Ok(url)) => self.seen.get(url).is_some_and(|seen| matches!(seen.state, State::Done)),
                Some(Err(is_gone)) => *is_gone,
                None => false,
            };
            if told.is_ours_alone && told.keys.iter().all(is_done) {
                done.push(told.message);
            }
        }
        let deleted = queue.delete(&done).await?;
        self.count(|status| status.messages_deleted += deleted);
        // Messages that stay may come again at once: they do not keep the queue busy.
        Ok(if deleted > 0 { Next::AtOnce } else { Next::Later })
    }

    /// Sorts messages: those that are nothing to take, and those that tell of objects here. What is left stays in the queue.
    fn read(&mut self, messages: Vec<Message>) -> (Vec<Message>, Vec<Told>) {
        let (mut done, mut all) = (Vec::new(), Vec::new());
        for message in messages {
            let objects = match read_message(&message.body) {
                Ok(objects) => objects,
                Err(reason) => {
                    let (location, id) = (&self.config.location, &message.message_id);
                    tracing::warn!(location, id, reason, "a message of a queue cannot be read; it stays there");
                    self.count(|status| status.messages_unreadable += 1);
                    continue;
                }
            };
            let (ours, foreign): (Vec<NewObject>, Vec<NewObject>) =
                objects.into_iter().partition(|object| is_at(&self.config.location, object));
            if !foreign.is_empty() {
                self.count(|status| status.messages_foreign += 1);
            }
            let is_taken = |key: &String| !key.ends_with('/') && !key.rsplit('/').next().is_some_and(is_hidden);
            let keys: Vec<String> = ours.into_iter().map(|object| object.key).filter(is_taken).collect();
            match (keys.is_empty(), foreign.is_empty()) {
                (true, true) => done.push(message),
                (true, false) => {}
                (false, is_ours_alone) => all.push(Told { message, keys, is_ours_alone }),
            }
        }
        (done, all)
    }

    /// Takes in objects by their keys. Gives the URL of each, or whether it is gone; one that cannot be told stays for the next time.
    async fn take_keys(
        &mut self,
        taker: &Taker,
        keys: &[String],
        now_ms: i64,
        stop: &CancellationToken,
    ) -> Result<HashMap<String, Result<String, bool>>, Error> {
        let mut urls = HashMap::with_capacity(keys.len());
        let mut files: Vec<SourceFile> = Vec::new();
        for (key, found) in keys.iter().zip(taker.ingest().find(&self.config.location, keys).await?) {
            let url = match found {
                Ok(Some(file)) => {
                    let url = file.url.clone();
                    files.push(file);
                    Ok(url)
                }
                Ok(None) => {
                    self.count(|status| status.objects_gone += 1);
                    Err(true)
                }
                Err(reason) => {
                    let location = &self.config.location;
                    tracing::warn!(location, key, reason, "an object that a message tells of cannot be looked at; its message stays");
                    Err(false)
                }
            };
            urls.insert(key.clone(), url);
        }
        let ready = self.remember_told(taker, files, now_ms).await?;
        self.take(taker, ready, now_ms, stop).await?;
        Ok(urls)
    }

    /// Leaves out what is in the catalog, and what failed and is not due again.
    async fn remember_told(&mut self, taker: &Taker, files: Vec<SourceFile>, now_ms: i64) -> Result<Vec<SourceFile>, Error> {
        let probes: Vec<SourceProbe> = files.iter().map(probe_of).collect();
        let known = taker.catalog().is_ingested(&probes).await?;
        let mut ready = Vec::new();
        for (file, is_known) in files.into_iter().zip(known) {
            let stamp = Stamp::of(&file);
            let seen = match self.seen.get(&file.url) {
                Some(seen) if seen.stamp == stamp => seen.clone(),
                _ => Seen::new(stamp, now_ms),
            };
            let seen = if is_known { Seen { state: State::Done, ..seen } } else { seen };
            match &seen.state {
                State::Done => {}
                State::Failed { again_ms, .. } if *again_ms > now_ms => {}
                _ => ready.push(file.clone()),
            }
            self.seen.insert(file.url, seen);
        }
        Ok(ready)
    }

    fn count(&mut self, change: impl FnOnce(&mut super::QueueStatus)) {
        change(self.status.queue.get_or_insert_default());
    }
}

/// True if an object lies at a location `s3://bucket/prefix`.
fn is_at(location: &str, object: &NewObject) -> bool {
    let place = location.strip_prefix("s3://").unwrap_or(location);
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let prefix = prefix.trim_matches('/');
    let rest = object.key.strip_prefix(prefix);
    bucket == object.bucket && rest.is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_belongs_to_the_location_whose_prefix_its_key_has() {
        let object = |bucket: &str, key: &str| NewObject { bucket: bucket.to_owned(), key: key.to_owned() };
        assert!(is_at("s3://trail", &object("trail", "a.json")));
        assert!(is_at("s3://trail/", &object("trail", "logs/a.json")));
        assert!(is_at("s3://trail/logs", &object("trail", "logs/a.json")));
        assert!(is_at("s3://trail/logs/", &object("trail", "logs/2026/a.json")));
        assert!(is_at("s3://trail/logs/a.json", &object("trail", "logs/a.json")));
        assert!(!is_at("s3://trail/logs", &object("trail", "logs-of-others/a.json")));
        assert!(!is_at("s3://trail/logs", &object("other", "logs/a.json")));
    }
}
