use std::collections::HashMap;
use std::sync::{Arc, Weak};

use coldtrail_query::{Error, Principal};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::EngineConfig;

/// Lets each principal have so many statements under way, and more wait: one script that asks too much must not keep the others out.
#[derive(Clone)]
pub(crate) struct Admission {
    config: Arc<EngineConfig>,
    principals: Arc<Mutex<HashMap<String, Weak<Semaphore>>>>,
}

impl Admission {
    pub(crate) fn new(config: EngineConfig) -> Self {
        Self { config: Arc::new(config), principals: Arc::default() }
    }

    /// A place for one statement; waits for one, but not for ever.
    pub(crate) async fn admit(&self, principal: &Principal) -> Result<OwnedSemaphorePermit, Error> {
        let waiting = self.of(principal).acquire_owned();
        match timeout(self.config.admission_time_max, waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Error::Unavailable { message: "the server is stopping".to_owned() }),
            Err(_) => {
                let (limit, waited) = (self.config.statements_per_user_max, self.config.admission_time_max);
                let message = format!(
                    "{} has {limit} statements under way, as many as statements_per_user_max allows, and none ended in {waited:?}",
                    principal.name
                );
                Err(Error::Exhausted { message })
            }
        }
    }

    fn of(&self, principal: &Principal) -> Arc<Semaphore> {
        let mut principals = self.principals.lock();
        if let Some(places) = principals.get(&principal.name).and_then(Weak::upgrade) {
            return places;
        }
        principals.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.config.statements_per_user_max));
        principals.insert(principal.name.clone(), Arc::downgrade(&places));
        places
    }
}

/// The same rows; the place is free again when they have ended.
pub(crate) fn holding(permit: OwnedSemaphorePermit, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let rows = rows.map(move |batch| {
        let _held = &permit;
        batch
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hunter(name: &str) -> Principal {
        Principal { name: name.to_owned() }
    }

    #[tokio::test]
    async fn one_user_who_asks_too_much_waits_and_others_do_not() {
        let config = EngineConfig { statements_per_user_max: 2, admission_time_max: Duration::from_millis(50), ..EngineConfig::default() };
        let admission = Admission::new(config);
        let first = admission.admit(&hunter("a")).await.expect("a place");
        let _second = admission.admit(&hunter("a")).await.expect("a place");
        let refused = admission.admit(&hunter("a")).await.expect_err("no place is left").to_string();
        assert!(refused.contains("statements_per_user_max") && refused.contains("a has 2"), "{refused}");
        let _other = admission.admit(&hunter("b")).await.expect("another user has places of his own");
        drop(first);
        let _again = admission.admit(&hunter("a")).await.expect("a place is free again");
    }
}
