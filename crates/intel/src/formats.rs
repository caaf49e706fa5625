//! The forms that feeds come in, each read into the same collector.

mod collect;
mod csv;
mod detect;
mod encoding;
mod json;
mod misp;
mod openioc;
mod rows;
mod stix;
mod text;
mod time;

use crate::{Error, Feed, FeedFormat, Options};

use collect::Collector;

/// Reads a feed of a given format, or of the one that it looks like.
pub(crate) fn read(format: FeedFormat, name: &str, bytes: &[u8], options: &Options) -> Result<Feed, Error> {
    let text = encoding::decode(bytes);
    let format = match format {
        FeedFormat::Guess => detect::detect(name, &text)?,
        format => format,
    };
    let mut collector = Collector::new(Feed::new(name, format), options);
    match format {
        FeedFormat::Stix => stix::read(&text, &mut collector)?,
        FeedFormat::Misp => misp::read(&text, &mut collector)?,
        FeedFormat::OpenIoc => openioc::read(&text, &mut collector)?,
        FeedFormat::Csv => csv::read(&text, &mut collector)?,
        FeedFormat::Json => json::read(&text, &mut collector)?,
        FeedFormat::Text | FeedFormat::Guess => text::read(&text, &mut collector)?,
    }
    Ok(collector.finish())
}
