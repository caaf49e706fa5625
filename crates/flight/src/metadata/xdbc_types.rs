use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode};

/// The SQL types that a statement can name in a cast, as ODBC's SQLGetTypeInfo lists them.
pub(super) fn build() -> Result<XdbcTypeInfoData, FlightError> {
    let mut builder = XdbcTypeInfoDataBuilder::new();
    for (name, data_type, digits, is_unsigned) in [
        ("BIGINT", XdbcDataType::XdbcBigint, 19, false),
        ("BIGINT UNSIGNED", XdbcDataType::XdbcBigint, 20, true),
        ("INTEGER", XdbcDataType::XdbcInteger, 10, false),
        ("INTEGER UNSIGNED", XdbcDataType::XdbcInteger, 10, true),
        ("SMALLINT", XdbcDataType::XdbcSmallint, 5, false),
        ("SMALLINT UNSIGNED", XdbcDataType::XdbcSmallint, 5, true),
        ("TINYINT", XdbcDataType::XdbcTinyint, 3, false),
        ("TINYINT UNSIGNED", XdbcDataType::XdbcTinyint, 3, true),
    ] {
        builder.append(number(name, data_type, digits, 10, is_unsigned));
    }
    builder.append(number("REAL", XdbcDataType::XdbcReal, 24, 2, false));
    builder.append(number("DOUBLE", XdbcDataType::XdbcDouble, 53, 2, false));
    builder.append(XdbcTypeInfo {
        create_params: Some(vec!["precision".into(), "scale".into()]),
        fixed_prec_scale: true,
        minimum_scale: Some(0),
        maximum_scale: Some(38),
        ..number("DECIMAL", XdbcDataType::XdbcDecimal, 38, 10, false)
    });
    builder.append(XdbcTypeInfo { searchable: Searchable::Basic, ..base("BOOLEAN", XdbcDataType::XdbcBit, 1) });
    builder.append(XdbcTypeInfo {
        case_sensitive: true,
        searchable: Searchable::Full,
        ..quoted("VARCHAR", XdbcDataType::XdbcVarchar, i32::MAX, "'")
    });
    builder.append(quoted("VARBINARY", XdbcDataType::XdbcVarbinary, i32::MAX, "X'"));
    builder.append(moment("DATE", XdbcDataType::XdbcDate, 10, XdbcDatetimeSubcode::XdbcSubcodeYear, "DATE '"));
    builder.append(moment("TIME", XdbcDataType::XdbcTime, 18, XdbcDatetimeSubcode::XdbcSubcodeTime, "TIME '"));
    builder.append(moment("TIMESTAMP", XdbcDataType::XdbcTimestamp, 29, XdbcDatetimeSubcode::XdbcSubcodeTimestamp, "TIMESTAMP '"));
    builder.build()
}

fn base(name: &str, data_type: XdbcDataType, column_size: i32) -> XdbcTypeInfo {
    XdbcTypeInfo {
        type_name: name.into(),
        data_type,
        column_size: Some(column_size),
        nullable: Nullable::NullabilityNullable,
        searchable: Searchable::Basic,
        local_type_name: Some(name.into()),
        sql_data_type: data_type,
        ..XdbcTypeInfo::default()
    }
}

fn number(name: &str, data_type: XdbcDataType, digits: i32, radix: i32, is_unsigned: bool) -> XdbcTypeInfo {
    XdbcTypeInfo {
        unsigned_attribute: Some(is_unsigned),
        auto_increment: Some(false),
        num_prec_radix: Some(radix),
        ..base(name, data_type, digits)
    }
}

fn quoted(name: &str, data_type: XdbcDataType, size: i32, prefix: &str) -> XdbcTypeInfo {
    XdbcTypeInfo { literal_prefix: Some(prefix.into()), literal_suffix: Some("'".into()), ..base(name, data_type, size) }
}

/// Times report the common code 9 (datetime) with the subcode that tells them apart.
fn moment(name: &str, data_type: XdbcDataType, size: i32, subcode: XdbcDatetimeSubcode, prefix: &str) -> XdbcTypeInfo {
    XdbcTypeInfo { sql_data_type: XdbcDataType::XdbcDatetime, datetime_subcode: Some(subcode), ..quoted(name, data_type, size, prefix) }
}
