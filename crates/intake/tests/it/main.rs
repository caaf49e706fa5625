//! Logs that keep coming are in the lake once, whatever happens on the way.

mod support;
mod watch;
