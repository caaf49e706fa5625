use yaml_serde::{Number, Value};

use crate::fault::{Fault, kind_of};

/// A value of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Text(String),
    Number(Numeric),
    Flag(bool),
    Null,
}

/// A number, whole numbers exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Numeric {
    Whole(i128),
    Real(f64),
}

impl Scalar {
    pub(crate) fn read(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Bool(flag) => Ok(Self::Flag(*flag)),
            Value::Number(number) => Numeric::from_yaml(number).map(Self::Number).ok_or_else(|| Fault::new("this is not a finite number")),
            Value::String(text) => Ok(Self::Text(text.clone())),
            other => Err(Fault::new(format!("this is {}, where a value should be", kind_of(other)))),
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Null => "null",
        }
    }
}

impl Numeric {
    fn from_yaml(number: &Number) -> Option<Self> {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map(Self::Whole).or_else(|| number.as_f64().filter(|real| real.is_finite()).map(Self::Real))
    }

    /// Reads a decimal number as logs write it; hexadecimal and other notations are none.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'));
        if !starts_well {
            return None;
        }
        let real = || text.parse::<f64>().ok().filter(|real| real.is_finite()).map(Self::Real);
        text.parse::<i128>().ok().map(Self::Whole).or_else(real)
    }

    /// As a floating point number.
    pub(crate) fn real(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    /// Which of two is larger.
    pub(crate) fn compare(self, other: Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => left.cmp(&right),
            (left, right) => left.real().total_cmp(&right.real()),
        }
    }
}
