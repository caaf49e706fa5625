use std::io::{self, BufWriter, Write};

use coldtrail_model::{SegmentMeta, format_ms};

use crate::arguments::Segments;
use crate::config::Config;
use crate::exit;
use crate::node::OpenCatalog;

/// Lists segments.
pub(crate) async fn run(arguments: &Segments, config: &Config) -> anyhow::Result<u8> {
    let catalog = OpenCatalog::open(config).await?;
    let snapshot = catalog.client().snapshot().await;
    catalog.close().await;
    let snapshot = snapshot?;
    let chosen =
        snapshot.segments.values().flatten().filter(|segment| {
            arguments.table.is_none_or(|table| table == segment.table) && arguments.day.is_none_or(|day| day == segment.day)
        });
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut count, mut rows, mut bytes) = (0_u64, 0, 0);
    if !arguments.json {
        writeln!(out, "{:36}  {:23} {:10}  {:14} {:>10} {:>12}  first event", "segment", "table", "day", "source", "rows", "bytes")?;
    }
    for segment in chosen {
        (count, rows, bytes) = (count + 1, rows + segment.rows, bytes + segment.bytes);
        write_segment(&mut out, segment, arguments.json)?;
    }
    if !arguments.json {
        writeln!(out, "{count} segments, {rows} rows, {bytes} bytes at snapshot {}", snapshot.id)?;
    }
    out.flush()?;
    Ok(exit::DONE)
}

fn write_segment(out: &mut impl Write, segment: &SegmentMeta, json: bool) -> anyhow::Result<()> {
    if json {
        let sha256: String = segment.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = serde_json::json!({
            "id": segment.id.to_string(), "table": segment.table.name(), "day": segment.day.to_string(), "path": segment.path,
            "source": segment.source, "rows": segment.rows, "bytes": segment.bytes, "time_min": format_ms(segment.time.start_ms),
            "time_max": format_ms(segment.time.end_ms), "accounts": segment.accounts, "sha256": sha256,
            "created": format_ms(segment.created_ms), "schema_version": segment.schema_version,
        });
        writeln!(out, "{line}")?;
    } else {
        let (id, table, day) = (segment.id.to_string(), segment.table.name(), segment.day.to_string());
        let first = format_ms(segment.time.start_ms);
        writeln!(out, "{id}  {table:23} {day:10}  {:14} {:>10} {:>12}  {first}", segment.source, segment.rows, segment.bytes)?;
    }
    Ok(())
}
