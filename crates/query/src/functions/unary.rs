use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, BooleanBuilder, Float64Builder, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::text::{for_each_text, text_type};
use super::{HUNTING, domain, entropy, fang, network};

/// What is done with one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    /// See [`network::is_private`].
    IsPrivateIp,
    /// See [`fang::refang`].
    Refang,
    /// See [`fang::defang`].
    Defang,
    /// See [`domain::registered`].
    RegisteredDomain,
    /// See [`entropy::shannon`].
    ShannonEntropy,
}

impl Operation {
    pub(super) const ALL: &'static [Self] = &[Self::IsPrivateIp, Self::Refang, Self::Defang, Self::RegisteredDomain, Self::ShannonEntropy];

    fn name(self) -> &'static str {
        match self {
            Self::IsPrivateIp => "is_private_ip",
            Self::Refang => "refang",
            Self::Defang => "defang",
            Self::RegisteredDomain => "registered_domain",
            Self::ShannonEntropy => "shannon_entropy",
        }
    }

    fn returns(self) -> DataType {
        match self {
            Self::IsPrivateIp => DataType::Boolean,
            Self::Refang | Self::Defang | Self::RegisteredDomain => DataType::Utf8,
            Self::ShannonEntropy => DataType::Float64,
        }
    }

    fn apply(self, texts: &ArrayRef) -> Result<ArrayRef> {
        match self {
            Self::IsPrivateIp => booleans(texts, network::is_private),
            Self::Refang => map_texts(texts, |text| Some(fang::refang(text))),
            Self::Defang => map_texts(texts, |text| Some(Cow::Owned(fang::defang(text)))),
            Self::RegisteredDomain => map_texts(texts, |text| domain::registered(text).map(Cow::Owned)),
            Self::ShannonEntropy => numbers(texts, entropy::shannon),
        }
    }

    fn documentation(self) -> &'static Documentation {
        static DOCUMENTATION: LazyLock<Vec<Documentation>> =
            LazyLock::new(|| Operation::ALL.iter().map(|operation| operation.document()).collect());
        &DOCUMENTATION[self as usize]
    }

    fn document(self) -> Documentation {
        let (description, argument, meaning, example) = match self {
            Self::IsPrivateIp => (
                "True if an address is not routed on the Internet: 10/8, 172.16/12, 192.168/16, carrier-grade NAT 100.64/10, loopback, \
                 link-local, unique local (fc00::/7) and unspecified. An IPv4 address inside IPv6 counts as IPv4. False for text that is \
                 no address.",
                "ip",
                "The address, as text.",
                "SELECT is_private_ip('10.1.2.3'); -- true",
            ),
            Self::Refang => (
                "Makes a defanged indicator whole again: hxxp to http, [.] (.) {.} [dot] (dot) to a dot, [:] to a colon, [@] [at] (at) to \
                 an at sign, [://] to ://. Other text stays as it is.",
                "indicator",
                "The indicator, as text.",
                "SELECT refang('hxxps://evil[.]example/a'); -- https://evil.example/a",
            ),
            Self::Defang => (
                "Makes an indicator safe to paste: http to hxxp, dots of the host to [.], at signs to [@], colons of an IPv6 address to \
                 [:]. A defanged indicator stays as it is; refang gives it back.",
                "indicator",
                "A URL, a host name, an address or an e-mail address, as text.",
                "SELECT defang('https://evil.example/a.txt'); -- hxxps://evil[.]example/a.txt",
            ),
            Self::RegisteredDomain => (
                "The domain that somebody registered, by the public suffix list: one label more than the suffix, in lower case. Null for an \
                 address and for a bare suffix.",
                "host",
                "A host name, or a URL whose host is taken.",
                "SELECT registered_domain('cdn.eu.example.co.uk'); -- example.co.uk",
            ),
            Self::ShannonEntropy => (
                "Bits per character that the text holds, by how often each character is in it: 0 for equal characters, about 4 and more for \
                 random letters and digits.",
                "text",
                "The text to measure, such as a host name.",
                "SELECT shannon_entropy('abcd'); -- 2.0",
            ),
        };
        Documentation::builder(HUNTING, description, format!("{}({argument})", self.name()))
            .with_argument(argument, meaning)
            .with_sql_example(format!("```sql\n{example}\n```"))
            .build()
    }
}

/// A function of one text; null gives null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Unary {
    operation: Operation,
    signature: Signature,
}

impl Unary {
    pub(super) fn new(operation: Operation) -> Self {
        Self { operation, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Unary {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [text] => Ok(vec![text_type(self.name(), text)?]),
            _ => plan_err!("{} takes one argument, not {}", self.name(), given.len()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.operation.returns())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = args.args.as_slice() else { return exec_err!("{} takes one argument", self.name()) };
        match argument {
            ColumnarValue::Array(texts) => Ok(ColumnarValue::Array(self.operation.apply(texts)?)),
            ColumnarValue::Scalar(text) => {
                let answer = self.operation.apply(&text.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?))
            }
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(self.operation.documentation())
    }
}

fn booleans(texts: &ArrayRef, answer: impl Fn(&str) -> bool) -> Result<ArrayRef> {
    let mut answers = BooleanBuilder::with_capacity(texts.len());
    for_each_text(texts, |text| answers.append_option(text.map(&answer)))?;
    Ok(Arc::new(answers.finish()))
}

fn numbers(texts: &ArrayRef, answer: impl Fn(&str) -> f64) -> Result<ArrayRef> {
    let mut answers = Float64Builder::with_capacity(texts.len());
    for_each_text(texts, |text| answers.append_option(text.map(&answer)))?;
    Ok(Arc::new(answers.finish()))
}

fn map_texts<'a>(texts: &'a ArrayRef, answer: impl Fn(&'a str) -> Option<Cow<'a, str>>) -> Result<ArrayRef> {
    let mut answers = StringBuilder::with_capacity(texts.len(), texts.len() * 16);
    for_each_text(texts, |text| answers.append_option(text.and_then(&answer)))?;
    Ok(Arc::new(answers.finish()))
}
