use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, BooleanBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use ipnet::IpNet;

use super::HUNTING;
use super::network::{address, network};
use super::text::{for_each_text, text_type};

const NAME: &str = "cidr_match";

/// `cidr_match(ip, network, …)`: true if the address lies in one of the networks.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CidrMatch {
    signature: Signature,
}

impl CidrMatch {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

/// One argument that names networks.
enum Networks {
    /// The same for every row; `None` if it is null.
    Constant(Option<IpNet>),
    /// One a row.
    PerRow(Vec<Option<IpNet>>),
}

impl ScalarUDFImpl for CidrMatch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() < 2 {
            return plan_err!("{NAME} takes an address and at least one network");
        }
        given.iter().map(|given| text_type(NAME, given)).collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    /// Reads the networks that are written in the statement, so that a wrong one is found before anything is read.
    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        for network in args.scalar_arguments.iter().skip(1).flatten() {
            parse(network.try_as_str().flatten())?;
        }
        Ok(Arc::new(Field::new(NAME, DataType::Boolean, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some((addresses, networks)) = args.args.split_first() else { return plan_err!("{NAME} takes an address") };
        let networks = networks.iter().map(networks_of).collect::<Result<Vec<_>>>()?;
        let is_constant =
            matches!(addresses, ColumnarValue::Scalar(_)) && networks.iter().all(|each| matches!(each, Networks::Constant(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let answers = answer(&addresses.to_array(rows)?, &networks)?;
        match is_constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?)),
            false => Ok(ColumnarValue::Array(answers)),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                HUNTING,
                "True if an address lies in one of the networks. An IPv4 address inside IPv6 (::ffff:10.0.0.1) counts as IPv4. False for \
                 text that is no address; null if the address is null, or if no network holds it and one of them is null. A network that \
                 cannot be read is an error.",
                "cidr_match(ip, network[, network, ...])",
            )
            .with_argument("ip", "The address, as text.")
            .with_argument("network", "A network such as 10.0.0.0/8 or 2001:db8::/32, or one address.")
            .with_sql_example("```sql\nSELECT cidr_match('10.1.2.3', '192.168.0.0/16', '10.0.0.0/8'); -- true\n```")
            .build()
        });
        Some(&DOCUMENTATION)
    }
}

fn parse(text: Option<&str>) -> Result<Option<IpNet>> {
    let bad =
        |text| DataFusionError::Plan(format!("{NAME}: '{text}' is not a network; write it like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1"));
    text.map(|text| network(text).ok_or_else(|| bad(text))).transpose()
}

fn networks_of(argument: &ColumnarValue) -> Result<Networks> {
    match argument {
        ColumnarValue::Scalar(text) => Ok(Networks::Constant(parse(text.try_as_str().flatten())?)),
        ColumnarValue::Array(texts) => {
            let mut parsed = Vec::with_capacity(texts.len());
            for_each_text(texts, |text| parsed.push(parse(text)))?;
            Ok(Networks::PerRow(parsed.into_iter().collect::<Result<_>>()?))
        }
    }
}

fn answer(addresses: &ArrayRef, networks: &[Networks]) -> Result<ArrayRef> {
    let mut answers = BooleanBuilder::with_capacity(addresses.len());
    let mut row = 0;
    for_each_text(addresses, |text| {
        answers.append_option(text.and_then(|text| is_in(address(text), networks, row)));
        row += 1;
    })?;
    Ok(Arc::new(answers.finish()))
}

/// SQL's OR over the networks.
fn is_in(address: Option<IpAddr>, networks: &[Networks], row: usize) -> Option<bool> {
    let mut is_certain = true;
    for network in networks {
        let network = match network {
            Networks::Constant(network) => network,
            Networks::PerRow(networks) => &networks[row],
        };
        match (network, &address) {
            (Some(network), Some(address)) if network.contains(address) => return Some(true),
            (Some(_), _) => {}
            (None, _) => is_certain = false,
        }
    }
    is_certain.then_some(false)
}
