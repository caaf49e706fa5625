use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ObservableType;

pub use crate::columns::Col;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text; Arrow `Utf8`.
    Text,
    /// A 32-bit whole number; Arrow `Int32`.
    Integer,
    /// A 64-bit whole number; Arrow `Int64`.
    Long,
    /// A 64-bit floating point number; Arrow `Float64`.
    Double,
    /// True or false; Arrow `Boolean`.
    Boolean,
    /// An instant, in milliseconds since 1970; Arrow `Timestamp(Millisecond, "UTC")`.
    Time,
    /// Several texts; Arrow `List<Utf8>`.
    TextList,
    /// A JSON document as text; Arrow `Utf8`.
    Json,
}

/// What is known of one promoted column.
#[derive(Debug)]
pub struct Column {
    /// Its name in SQL and Parquet: the OCSF path with underscores.
    pub name: &'static str,
    /// Its OCSF path.
    pub path: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// Which observable its values are, if any.
    pub observable: Option<ObservableType>,
    /// True if its segments carry a bloom filter: worth it only where values are many and looked for one by one.
    pub bloom: bool,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

impl Column {
    /// The OCSF path as SQL spells it, without brackets: `resources.uid`, `process.file.hashes.sha256`.
    pub fn sql_path(&self) -> String {
        self.path.replace("[0]", "").replace("[]", "").replace("].value", "").replace('[', ".").replace(']', "")
    }
}

impl Col {
    /// The column with this name in SQL.
    pub fn from_name(name: &str) -> Option<Self> {
        static BY_NAME: LazyLock<HashMap<&'static str, Col>> =
            LazyLock::new(|| Col::ALL.iter().map(|col| (col.column().name, *col)).collect());
        BY_NAME.get(name).copied()
    }
}

macro_rules! columns {
    ($($variant:ident: $name:literal = $path:literal, $kind:ident, $observable:tt, $bloom:tt, $meaning:literal;)*) => {
        /// Names one promoted column; the same name means the same path and type in every class that has it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Col { $(#[doc = $meaning] $variant,)* }

        impl Col {
            /// Every column.
            pub const ALL: &'static [Col] = &[$(Col::$variant,)*];

            /// What is known of the column.
            pub fn column(self) -> &'static $crate::Column {
                &COLUMNS[self as usize]
            }
        }

        static COLUMNS: &[$crate::Column] = &[$($crate::Column {
            name: $name,
            path: $path,
            kind: $crate::Kind::$kind,
            observable: $crate::column::observable!($observable),
            bloom: $crate::column::bloom!($bloom),
            meaning: $meaning,
        },)*];
    };
}

macro_rules! observable {
    (-) => {
        None
    };
    ($kind:ident) => {
        Some($crate::ObservableType::$kind)
    };
}

macro_rules! bloom {
    (-) => {
        false
    };
    (bloom) => {
        true
    };
}

pub(crate) use {bloom, columns, observable};
