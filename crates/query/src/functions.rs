//! Functions for hunting, beside those of DataFusion and the `json_get` family. Each has its documentation in its file.

mod beacon_score;
mod cidr_match;
mod domain;
mod entropy;
mod fang;
mod geo;
mod geo_distance;
mod geo_lookup;
pub(crate) mod matching;
mod network;
mod regularity;
mod sequence;
mod sessionize;
pub(crate) mod sigma;
mod text;
mod times;
mod unary;
mod zscore;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{AggregateUDF, DocSection, ScalarUDF, WindowUDF};

use beacon_score::BeaconScore;
use cidr_match::CidrMatch;
pub use geo::{Geo, GeoFiles};
use geo_distance::{GeoDistance, Measure};
use geo_lookup::{GeoField, GeoLookup};
use sequence::Sequence;
use sessionize::Sessionize;
use sigma::SigmaMatches;
use unary::{Operation, Unary};
use zscore::ZScore;

use crate::scan::NewestOnly;

/// Functions that hold more than a plan can carry: a plan with one of them runs in the process that planned it.
pub const LOCAL_FUNCTIONS: &[&str] = &[matching::MATCHING_INDICATORS, matching::INDICATOR_DETAILS];

/// Where the documentation of the functions stands.
const HUNTING: DocSection = DocSection { include: true, label: "Hunting Functions", description: None };

/// Coldtrail's own functions of values.
pub(crate) fn hunting_functions() -> Vec<ScalarUDF> {
    let unary = Operation::ALL.iter().map(|operation| ScalarUDF::from(Unary::new(*operation)));
    let distances = [Measure::Kilometres, Measure::KilometresAnHour].map(|measure| ScalarUDF::from(GeoDistance::new(measure)));
    let others = [ScalarUDF::from(CidrMatch::new()), ScalarUDF::from(SigmaMatches::new())];
    others.into_iter().chain(unary).chain(distances).collect()
}

/// The functions that look addresses up.
pub(crate) fn geo_functions(geo: &Arc<Geo>) -> impl Iterator<Item = ScalarUDF> {
    GeoField::ALL.iter().map(|field| ScalarUDF::from(GeoLookup::new(*field, Arc::clone(geo))))
}

/// Coldtrail's own functions of groups.
pub(crate) fn hunting_aggregates() -> Vec<AggregateUDF> {
    vec![AggregateUDF::from(BeaconScore::new()), AggregateUDF::from(Sequence::new()), AggregateUDF::from(Sequence::until())]
}

/// Coldtrail's own functions of windows.
pub(crate) fn hunting_windows() -> Vec<WindowUDF> {
    vec![WindowUDF::from(Sessionize::new()), WindowUDF::from(ZScore::new())]
}

/// A session with every function and rule and nothing to read: no tables, and nothing that makes tables of files.
pub(crate) fn session_state(runtime: Arc<RuntimeEnv>) -> SessionState {
    let mut state =
        SessionStateBuilder::new_with_default_features().with_runtime_env(runtime).with_optimizer_rule(Arc::new(NewestOnly)).build();
    state.table_factories_mut().clear();
    datafusion_functions_json::register_all(&mut state).expect("a new session takes every function");
    for function in hunting_functions() {
        state.register_udf(Arc::new(function)).expect("a new session takes every function");
    }
    for function in hunting_aggregates() {
        state.register_udaf(Arc::new(function)).expect("a new session takes every function");
    }
    for function in hunting_windows() {
        state.register_udwf(Arc::new(function)).expect("a new session takes every function");
    }
    with_geo(state, &Arc::default())
}

/// The same session, whose functions look addresses up here.
pub(crate) fn with_geo(mut state: SessionState, geo: &Arc<Geo>) -> SessionState {
    for function in geo_functions(geo) {
        state.register_udf(Arc::new(function)).expect("a session takes every function");
    }
    state
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
