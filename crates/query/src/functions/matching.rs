//! Which indicators of a set an observable matches. The set lies in the function itself, so a plan with it runs in this process.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, ListBuilder, StringArray, StringBuilder, StructArray, TimestampMillisecondArray, UInt32Array,
    UInt32Builder,
};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int32Type, UInt32Type};
use coldtrail_intel::{Comparison, Indicator, TypeLookup};
use coldtrail_model::{Kind, arrow_type};
use datafusion::common::{Result, exec_datafusion_err, plan_err};
use datafusion::functions::expr_fn::{character_length, octet_length};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast, col, lit};

use super::text::for_each_text;
use crate::content::Indicators;

/// The function's name; a plan that has it is never sent to executors.
pub(crate) const MATCHING_INDICATORS: &str = "matching_indicators";
/// The function's name; a plan that has it is never sent to executors.
pub(crate) const INDICATOR_DETAILS: &str = "indicator_details";

/// What is shown of an indicator: names and meanings of columns, in order.
pub(crate) const INDICATOR_COLUMNS: &[(&str, &str)] = &[
    ("indicator_number", "Its place among the indicators of the set, from 0"),
    ("indicator_id", "Names the indicator: the same kind and value give the same id in every set"),
    ("indicator_kind", "What it is: ip, cidr, domain, url, sha256, …"),
    ("indicator", "The indicator, in the form that it is compared in"),
    ("indicator_original", "The indicator as the feed wrote it"),
    ("feed", "The feed that it came from"),
    ("confidence", "How sure the feed is, from 0 to 100"),
    ("tlp", "With whom it may be shared"),
    ("valid_from", "It was not valid before"),
    ("valid_until", "It was not valid from then on"),
    ("confirm", "What the observable does not show and an event must, for the indicator to have been seen: port=443"),
];

/// A type with more values than this is not looked up value by value.
const VALUES_MAX: usize = 20;

/// A set under its name, as part of a function.
#[derive(Debug, Clone)]
struct NamedSet {
    name: String,
    set: Arc<Indicators>,
}

impl PartialEq for NamedSet {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.set, &other.set)
    }
}

impl Eq for NamedSet {}

impl Hash for NamedSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// `matching_indicators(type_id, value)`: the numbers of the set's indicators that the observable matches; null if there are none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MatchingIndicators {
    set: NamedSet,
    signature: Signature,
}

impl MatchingIndicators {
    pub(crate) fn new(name: &str, set: Arc<Indicators>) -> Self {
        let signature = Signature::exact(vec![DataType::Int32, DataType::Utf8], Volatility::Immutable);
        Self { set: NamedSet { name: name.to_owned(), set }, signature }
    }

    /// A condition that every observable which matches fulfils: it lets row groups and pages be left out. The fewer indicators there
    /// are, the more.
    pub(crate) fn condition(&self) -> Expr {
        let types = self.set.set.set.lookup_plan(VALUES_MAX).types;
        types.iter().map(of_type).reduce(Expr::or).unwrap_or_else(|| lit(false))
    }
}

/// What a match of one type fulfils.
fn of_type(lookup: &TypeLookup) -> Expr {
    let of_type = col("type_id").eq(lit(lookup.type_id));
    let (value, folded) = (col("value"), lookup.comparison == Comparison::Folded);
    if lookup.scan {
        let within = |(low, high): &(String, String)| value.clone().gt_eq(lit(low)).and(value.clone().lt_eq(lit(high)));
        return lookup.bounds.as_ref().map(within).map_or_else(|| of_type.clone(), |within| of_type.clone().and(within));
    }
    let compared = if folded { datafusion::functions::expr_fn::lower(value) } else { value };
    let values = lookup.values.iter().map(|value| compared.clone().eq(lit(value)));
    let ranges = lookup.ranges.iter().map(|(low, high)| compared.clone().gt_eq(lit(low)).and(compared.clone().lt(lit(high))));
    let suffixes = lookup.suffixes.iter().map(|suffix| datafusion::functions::expr_fn::ends_with(compared.clone(), lit(suffix)));
    let (bytes, letters) = (octet_length(col("value")), character_length(col("value")));
    let beyond_ascii = lookup.beyond_ascii.then(|| cast(bytes, DataType::Int64).not_eq(cast(letters, DataType::Int64)));
    let found = values.chain(ranges).chain(suffixes).chain(beyond_ascii).reduce(Expr::or);
    of_type.and(found.unwrap_or_else(|| lit(false)))
}

fn numbers() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::UInt32, true)))
}

impl ScalarUDFImpl for MatchingIndicators {
    fn name(&self) -> &'static str {
        MATCHING_INDICATORS
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(numbers())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [types, values] = arrays.as_slice() else { return plan_err!("{MATCHING_INDICATORS} takes a type and a value") };
        let types = types.as_primitive_opt::<Int32Type>().ok_or_else(|| exec_datafusion_err!("a type is a number"))?;
        let mut answers = ListBuilder::new(UInt32Builder::new());
        let mut found = Vec::new();
        let mut row = 0;
        for_each_text(values, |value| {
            found.clear();
            if let (Some(value), true) = (value, types.is_valid(row)) {
                self.set.set.set.matches(types.value(row), value, &mut found);
            }
            answers.values().append_slice(&found);
            answers.append(!found.is_empty());
            row += 1;
        })?;
        Ok(ColumnarValue::Array(Arc::new(answers.finish())))
    }
}

/// `indicator_details(number, type_id, value)`: what is known of an indicator of the set that this observable matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct IndicatorDetails {
    set: NamedSet,
    signature: Signature,
}

impl IndicatorDetails {
    /// Of the set whose matches these are.
    pub(crate) fn of(matching: &MatchingIndicators) -> Self {
        Self {
            set: matching.set.clone(),
            signature: Signature::exact(vec![DataType::UInt32, DataType::Int32, DataType::Utf8], Volatility::Immutable),
        }
    }
}

fn details() -> Fields {
    let kind = |name: &str| match name {
        "indicator_number" | "confidence" => DataType::Int32,
        "valid_from" | "valid_until" => arrow_type(Kind::Time),
        _ => DataType::Utf8,
    };
    INDICATOR_COLUMNS.iter().map(|(name, _)| -> FieldRef { Arc::new(Field::new(*name, kind(name), true)) }).collect()
}

impl ScalarUDFImpl for IndicatorDetails {
    fn name(&self) -> &'static str {
        INDICATOR_DETAILS
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(details()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [numbers, types, values] = arrays.as_slice() else {
            return plan_err!("{INDICATOR_DETAILS} takes a number, a type and a value");
        };
        let numbers = numbers.as_primitive_opt::<UInt32Type>().ok_or_else(|| exec_datafusion_err!("an indicator has a number"))?;
        let types = types.as_primitive_opt::<Int32Type>().ok_or_else(|| exec_datafusion_err!("a type is a number"))?;
        let content = &self.set.set;
        let indicators: Vec<Option<&Indicator>> = numbers.iter().map(|number| content.feed.indicators.get(number? as usize)).collect();
        let confirm = confirmations(content, numbers, types, values)?;
        Ok(ColumnarValue::Array(Arc::new(StructArray::new(details(), columns_of(numbers, &indicators, confirm), None))))
    }
}

/// What must be confirmed of each match.
fn confirmations(content: &Indicators, numbers: &UInt32Array, types: &Int32Array, values: &ArrayRef) -> Result<ArrayRef> {
    let mut confirm = StringBuilder::new();
    let mut row = 0;
    for_each_text(values, |value| {
        let missing = match (value, numbers.is_valid(row) && types.is_valid(row)) {
            (Some(value), true) => content.set.needs_confirmation(numbers.value(row), types.value(row), value),
            _ => Vec::new(),
        };
        let text = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        confirm.append_option((!text.is_empty()).then_some(text));
        row += 1;
    })?;
    Ok(Arc::new(confirm.finish()))
}

/// The columns of the details, in the order of [`INDICATOR_COLUMNS`].
fn columns_of(numbers: &UInt32Array, indicators: &[Option<&Indicator>], confirm: ArrayRef) -> Vec<ArrayRef> {
    let texts = |of: &dyn Fn(&Indicator) -> Option<String>| -> ArrayRef {
        Arc::new(indicators.iter().map(|indicator| indicator.and_then(of)).collect::<StringArray>())
    };
    let instants = |of: &dyn Fn(&Indicator) -> Option<i64>| -> ArrayRef {
        let instants: TimestampMillisecondArray = indicators.iter().map(|indicator| indicator.and_then(of)).collect();
        Arc::new(instants.with_data_type(arrow_type(Kind::Time)))
    };
    let confidence = indicators.iter().map(|indicator| indicator.and_then(|indicator| indicator.confidence).map(i32::from));
    let numbers = numbers.iter().map(|number| number.and_then(|number| i32::try_from(number).ok()));
    vec![
        Arc::new(numbers.collect::<Int32Array>()),
        texts(&|indicator| Some(indicator.id.to_string())),
        texts(&|indicator| Some(indicator.kind.name().to_owned())),
        texts(&|indicator| Some(indicator.value.to_string())),
        texts(&|indicator| Some(indicator.original.to_string())),
        texts(&|indicator| Some(indicator.feed.to_string())),
        Arc::new(confidence.collect::<Int32Array>()),
        texts(&|indicator| indicator.tlp.as_ref().map(ToString::to_string)),
        instants(&|indicator| indicator.valid_from),
        instants(&|indicator| indicator.valid_until),
        confirm,
    ]
}
