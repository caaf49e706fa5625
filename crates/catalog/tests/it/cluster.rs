//! Several nodes in one process, with links that can be cut.

mod formation;
mod history;
mod leadership;
mod members;
mod nodes;
mod proxy;
mod seeds;
mod writes;

pub(crate) use nodes::{Nodes, address};
