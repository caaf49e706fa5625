//! Arguments of clusters that are made and grow.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueHint};

/// A node and where the others reach it: `a=a.internal:32011`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeAddress {
    /// Its name, which is also that of its folder and certificate.
    pub(crate) name: String,
    /// `host:port`.
    pub(crate) address: String,
}

impl FromStr for NodeAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no node; write NAME=HOST:PORT, as in a=a.internal:32011");
        let (name, address) = text.split_once('=').ok_or_else(wrong)?;
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        if !is_name(name) || host.is_empty() || port.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(wrong());
        }
        if name == "ca" {
            return Err("ca is the name of the authority's certificate; choose another".to_owned());
        }
        Ok(Self { name: name.to_owned(), address: address.to_owned() })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ClusterInit {
    /// The folder to write to.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// A node that holds the catalog and answers clients, NAME=HOST:PORT; one, three or five times.
    #[arg(long = "scheduler", required = true)]
    pub(crate) schedulers: Vec<NodeAddress>,
    /// A node that runs tasks, NAME=HOST:PORT; may be given more than once.
    #[arg(long = "executor")]
    pub(crate) executors: Vec<NodeAddress>,
    /// Where the Parquet lies: s3://…, az://…, gs://…, or a folder that all nodes share.
    #[arg(long = "lake-url", value_name = "URL")]
    pub(crate) lake: String,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterJoin {
    /// The folder that `init` wrote, with the authority's key.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// A node that is to hold the catalog too, NAME=HOST:PORT.
    #[arg(long = "scheduler")]
    pub(crate) schedulers: Vec<NodeAddress>,
    /// A node that is to run tasks, NAME=HOST:PORT; may be given more than once.
    #[arg(long = "executor")]
    pub(crate) executors: Vec<NodeAddress>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_a_name_and_an_address() {
        let node = "a=a.internal:32011".parse::<NodeAddress>().unwrap();
        assert_eq!((node.name.as_str(), node.address.as_str()), ("a", "a.internal:32011"));
        assert_eq!("b=[2001:db8::1]:32011".parse::<NodeAddress>().unwrap().address, "[2001:db8::1]:32011");
        for wrong in ["a", "a=host", "=host:1", "a=:1", "a=host:0", "a=host:99999", "../a=host:1", "ca=host:1"] {
            wrong.parse::<NodeAddress>().expect_err(wrong);
        }
    }
}
