use std::future::IntoFuture;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;
use coldtrail_proto::hunt::v1::hunt_service_server::HuntServiceServer;
use coldtrail_query::QueryService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::auth::Auth;
use crate::hunts::{HuntServices, Hunts};
use crate::metadata::Facts;
use crate::runs::Runs;
use crate::service::FlightSql;
use crate::{Config, Error};

/// Serves a query service over Flight SQL.
pub struct FlightServer {
    config: Config,
    service: FlightSql,
    hunts: Option<HuntServiceServer<Hunts>>,
}

impl FlightServer {
    /// A server for those whom `auth` lets in; fails on settings that cannot work.
    pub fn new(config: Config, auth: Arc<Auth>, query: Arc<dyn QueryService>) -> Result<Self, Error> {
        config.validate()?;
        let facts = Arc::new(Facts::new(config.handle_bytes_max)?);
        let service = FlightSql { config: Arc::new(config.clone()), auth, query, facts, runs: Runs::default(), bindings: Arc::default() };
        Ok(Self { config, service, hunts: None })
    }

    /// The same server, which also answers calls about runs.
    #[must_use]
    pub fn with_hunts(mut self, services: HuntServices) -> Self {
        let hunts = Hunts { auth: Arc::clone(&self.service.auth), services };
        self.hunts = Some(HuntServiceServer::new(hunts).max_decoding_message_size(self.config.request_bytes_max));
        self
    }

    /// Answers calls until `stop`. Then takes no new ones, lets results under way end for `drain_timeout`, and interrupts the rest.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> Result<(), Error> {
        let Self { config, service, hunts } = self;
        let runs = service.runs.clone();
        // What stands around a message on the wire is small beside it.
        let service = FlightServiceServer::new(service).max_decoding_message_size(config.request_bytes_max.saturating_add(64 << 10));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(config.keepalive_interval));
        let serving = Server::builder()
            .http2_keepalive_interval(Some(config.keepalive_interval))
            .http2_keepalive_timeout(Some(config.keepalive_interval))
            .max_concurrent_streams(Some(config.streams_per_connection_max))
            .add_service(service)
            .add_optional_service(hunts)
            .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
        let mut serving = std::pin::pin!(serving.into_future());
        let failed = |source| Error::Serve { source };
        tokio::select! {
            served = &mut serving => return served.map_err(failed),
            () = async { stop.cancelled().await; tokio::time::sleep(config.drain_timeout).await } => {}
        }
        tracing::info!("results are still under way; interrupting them");
        runs.stop_all();
        serving.await.map_err(failed)
    }
}
