//! The engine as its callers see it: plans in, rows and errors out, with Ballista's scheduler and
//! executor running inside the test.

#![allow(clippy::unwrap_used)]

mod cancel;
mod cost;
mod errors;
mod evidence;
mod fairness;
mod fixture;
mod routing;
mod runs;
mod schedules;
mod tiers;
mod world;
