//! Logs that keep coming are in the lake once, whatever happens on the way.

mod day;
mod grpc;
mod push;
mod support;
mod watch;
