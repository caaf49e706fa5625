use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use crate::Error;

/// The services that a node offers over its links, by name. They may change at any time; a clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Services(Arc<RwLock<BTreeMap<String, Service>>>);

#[derive(Debug)]
enum Service {
    Here(Route),
    Elsewhere { reason: String },
}

/// Where a service listens; the token is cancelled when it is offered there no longer.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) target: SocketAddr,
    pub(crate) gone: CancellationToken,
}

/// Why a service cannot be had.
#[derive(Debug)]
pub(crate) enum Missing {
    Unknown { offered: String },
    Elsewhere { reason: String },
}

impl Services {
    /// Offers a service that listens on a loopback address. Links to where it was offered before are cut.
    pub fn offer(&self, name: &str, target: SocketAddr) -> Result<(), Error> {
        if !target.ip().to_canonical().is_loopback() {
            return Err(Error::ServiceBeyondLoopback { address: target });
        }
        let mut services = self.0.write();
        if matches!(services.get(name), Some(Service::Here(route)) if route.target == target) {
            return Ok(());
        }
        end(services.insert(name.to_owned(), Service::Here(Route { target, gone: CancellationToken::new() })));
        Ok(())
    }

    /// Says that another node offers the service, or none does now, and why; open links to it are cut.
    pub fn refuse(&self, name: &str, reason: impl Into<String>) {
        end(self.0.write().insert(name.to_owned(), Service::Elsewhere { reason: reason.into() }));
    }

    /// Offers the service no longer; open links to it are cut.
    pub fn withdraw(&self, name: &str) {
        end(self.0.write().remove(name));
    }

    pub(crate) fn find(&self, name: &str) -> Result<Route, Missing> {
        let services = self.0.read();
        match services.get(name) {
            Some(Service::Here(route)) => Ok(route.clone()),
            Some(Service::Elsewhere { reason }) => Err(Missing::Elsewhere { reason: reason.clone() }),
            None => {
                let names: Vec<&str> = services.keys().map(String::as_str).collect();
                let offered = if names.is_empty() { "it offers none yet".to_owned() } else { format!("it offers {}", names.join(", ")) };
                Err(Missing::Unknown { offered })
            }
        }
    }
}

fn end(service: Option<Service>) {
    if let Some(Service::Here(route)) = service {
        route.gone.cancel();
    }
}
