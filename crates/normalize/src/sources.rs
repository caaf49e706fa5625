//! One module a source: how its records become events. Sources with a table for a mapping are in `declared`.

mod access;
mod aws_cloudfront;
mod aws_cloudtrail;
mod aws_elb;
mod aws_guardduty;
mod aws_route53;
mod aws_s3_access;
mod aws_vpcflow;
mod aws_waf;
mod azure;
mod azure_activity;
mod azure_entra;
mod azure_gateway;
mod azure_nsgflow;
mod cisco_asa;
pub(crate) mod csv;
mod envelope;
mod envoy_istio_access;
mod falco;
mod gcp_audit;
mod gcp_lb;
mod http_words;
mod k8s_audit;
mod linux_auditd;
mod linux_sshd;
mod linux_syslog;
mod nginx;
mod ocsf;
mod parquet_rows;
mod suricata_eve;
mod syslog;
#[cfg(test)]
pub(crate) mod testing;
mod windows_event;
mod zeek;

pub(crate) use access::finish;
pub(crate) use envelope::{has_json_text, map_inner};
pub(crate) use http_words::host_and_port;
pub(crate) use parquet_rows::ParquetRows;

use coldtrail_model::Event;

use crate::declared::DeclaredMapping;
use crate::detect::FirstLook;
use crate::fields::Fields;
use crate::framing::Framer;
use crate::{Batch, Options, Place, Reason, Source};

/// How an object of a source is cut into records.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// One record a line: [`Mapping::map_line`].
    Lines,
    /// Text that a framer of the source cuts into records: [`Mapping::map_line`].
    Text(fn(&Options) -> Box<dyn Framer>),
    /// JSON in any arrangement, with the keys of arrays that envelopes carry records in: [`Mapping::map_json`].
    Json {
        /// Keys such as `Records`.
        envelope_keys: &'static [&'static str],
    },
    /// JSON in any arrangement whose records hold several events each: [`Mapping::map_nested`].
    Nested {
        /// Keys such as `records`.
        envelope_keys: &'static [&'static str],
    },
    /// Lines of which several make one record, not always one after the other: [`Mapping::join_line`].
    Joined,
    /// Pieces that a framer of the source cuts: [`Mapping::map_binary`].
    Framed(fn(&Options) -> Box<dyn Framer>),
    /// The whole object at once: [`Mapping::map_binary`].
    Whole,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lines => "Lines",
            Self::Text(_) => "Text",
            Self::Json { .. } => "Json",
            Self::Nested { .. } => "Nested",
            Self::Joined => "Joined",
            Self::Framed(_) => "Framed",
            Self::Whole => "Whole",
        })
    }
}

/// What a line was.
#[derive(Debug)]
pub(crate) enum Mapped {
    /// An event.
    Event(Event),
    /// A header, a comment: nothing to count.
    NotARecord,
}

/// How the records of one object become events. It may remember what headers said.
///
/// A source implements what its formats need. `map_json` takes from the fields what it places; the framework then keeps the rest as
/// `unmapped` and the record as `raw_data`. `map_line` and `map_binary` keep both themselves.
pub(crate) trait Mapping: Send + std::fmt::Debug {
    /// The format of an object that begins with these bytes (the first 4 KiB, or the whole object), after a byte order mark.
    fn format(&self, head: &[u8]) -> Format;

    /// Maps one JSON record.
    fn map_json(&mut self, fields: &mut Fields<'_>) -> Result<Event, Reason> {
        let _ = fields;
        Err(Reason::NotThisFormat { format: "a format of this source", detail: "JSON was not expected".to_owned() })
    }

    /// Maps one JSON record that holds several events, each with its own place.
    fn map_nested(&mut self, place: Place, text: &str, batch: &mut Batch) {
        let reason = Reason::NotThisFormat { format: "a format of this source", detail: "JSON was not expected".to_owned() };
        batch.rejects.push(crate::normalizer::reject(place, reason, text.as_bytes()));
    }

    /// Maps one line.
    fn map_line(&mut self, line: &str) -> Result<Mapped, Reason> {
        let _ = line;
        Err(Reason::NotThisFormat { format: "a format of this source", detail: "text was not expected".to_owned() })
    }

    /// Takes one line; the records that it completes go into the batch, each with the place of its first line.
    fn join_line(&mut self, place: Place, line: &str, batch: &mut Batch) {
        let reason = Reason::NotThisFormat { format: "a format of this source", detail: "text was not expected".to_owned() };
        batch.rejects.push(crate::normalizer::reject(place, reason, line.as_bytes()));
    }

    /// Gives the records whose last line was not seen when the input ended.
    fn join_end(&mut self, batch: &mut Batch) {
        let _ = batch;
    }

    /// Maps the records of one binary piece, or as many of them as fit into memory: see [`Mapping::map_more`].
    fn map_binary(&mut self, place: Place, piece: &[u8], batch: &mut Batch) {
        let reason = Reason::NotThisFormat { format: "a format of this source", detail: "binary data was not expected".to_owned() };
        batch.rejects.push(crate::normalizer::reject(place, reason, piece));
    }

    /// Goes on with a binary piece of which [`Mapping::map_binary`] mapped the beginning; false if nothing was left of it.
    fn map_more(&mut self, batch: &mut Batch) -> bool {
        let _ = batch;
        false
    }
}

/// The mapping of a source, fresh for one object.
pub(crate) fn mapping_of(source: Source, options: &Options) -> Box<dyn Mapping> {
    match source {
        Source::AwsCloudfront => Box::<aws_cloudfront::CloudFront>::default(),
        Source::AwsCloudtrail => Box::<aws_cloudtrail::CloudTrail>::default(),
        Source::AwsElb => Box::<aws_elb::LoadBalancer>::default(),
        Source::AwsGuardduty => Box::<aws_guardduty::GuardDuty>::default(),
        Source::AwsRoute53 => Box::<aws_route53::ResolverQueries>::default(),
        Source::AwsS3Access => Box::<aws_s3_access::ServerAccess>::default(),
        Source::AwsVpcflow => Box::<aws_vpcflow::VpcFlow>::default(),
        Source::AwsWaf => Box::<aws_waf::Waf>::default(),
        Source::AzureActivity => Box::<azure_activity::AzureActivity>::default(),
        Source::AzureAppgw => Box::new(azure_gateway::APPLICATION_GATEWAY),
        Source::AzureFrontdoor => Box::new(azure_gateway::FRONT_DOOR),
        Source::AzureEntra => Box::<azure_entra::Entra>::default(),
        Source::CiscoAsa => Box::new(cisco_asa::Asa::new(options.written_ms)),
        Source::AzureNsgflow => Box::<azure_nsgflow::FlowLog>::default(),
        Source::EnvoyAccess => Box::<envoy_istio_access::EnvoyAccess>::default(),
        Source::Falco => Box::<falco::Falco>::default(),
        Source::GcpAudit => Box::<gcp_audit::GcpAudit>::default(),
        Source::GcpLb => Box::<gcp_lb::LoadBalancer>::default(),
        Source::K8sAudit => Box::<k8s_audit::K8sAudit>::default(),
        Source::LinuxAuditd => Box::<linux_auditd::Auditd>::default(),
        Source::LinuxSshd => Box::new(linux_sshd::Sshd::new(options.written_ms)),
        Source::LinuxSyslog => Box::new(linux_syslog::Syslog::new(options.written_ms)),
        Source::Nginx => Box::<nginx::Nginx>::default(),
        Source::Ocsf => Box::<ocsf::Ocsf>::default(),
        Source::SuricataEve => Box::<suricata_eve::Eve>::default(),
        Source::WindowsEvent => Box::<windows_event::WindowsEvent>::default(),
        Source::Zeek => Box::<zeek::Zeek>::default(),
        Source::Declared(declared) => Box::new(DeclaredMapping::new(declared.mapping(), options)),
    }
}

/// True if an object that begins like this is of this source.
pub(crate) fn recognises(source: Source, look: &FirstLook<'_>) -> bool {
    match source {
        Source::AwsCloudfront => aws_cloudfront::recognises(look),
        Source::AwsCloudtrail => aws_cloudtrail::recognises(look),
        Source::AwsElb => aws_elb::recognises(look),
        Source::AwsGuardduty => aws_guardduty::recognises(look),
        Source::AwsRoute53 => aws_route53::recognises(look),
        Source::AwsS3Access => aws_s3_access::recognises(look),
        Source::AwsVpcflow => aws_vpcflow::recognises(look),
        Source::AwsWaf => aws_waf::recognises(look),
        Source::AzureActivity => azure_activity::recognises(look),
        Source::AzureAppgw => azure_gateway::APPLICATION_GATEWAY.recognises(look),
        Source::AzureFrontdoor => azure_gateway::FRONT_DOOR.recognises(look),
        Source::AzureEntra => azure_entra::recognises(look),
        Source::CiscoAsa => cisco_asa::recognises(look),
        Source::AzureNsgflow => azure_nsgflow::recognises(look),
        Source::EnvoyAccess => envoy_istio_access::recognises(look),
        Source::Falco => falco::recognises(look),
        Source::GcpAudit => gcp_audit::recognises(look),
        Source::GcpLb => gcp_lb::recognises(look),
        Source::K8sAudit => k8s_audit::recognises(look),
        Source::LinuxAuditd => linux_auditd::recognises(look),
        Source::LinuxSshd => linux_sshd::recognises(look),
        Source::LinuxSyslog => linux_syslog::recognises(look),
        Source::Nginx => nginx::recognises(look),
        Source::Ocsf => ocsf::recognises(look),
        Source::SuricataEve => suricata_eve::recognises(look),
        Source::WindowsEvent => windows_event::recognises(look),
        Source::Zeek => zeek::recognises(look),
        Source::Declared(declared) => declared.mapping().recognises(look.text),
    }
}
