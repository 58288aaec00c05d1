//! Spool for sources that can be read only once: a load reads each file twice.

use std::io::Read;
use std::path::PathBuf;

use tempfile::NamedTempFile;
use tokio::sync::oneshot;

use super::source::{LoadSource, STANDARD_INPUT, of_file};
use crate::Error;
use progress::Context;

/// A source that can be read repeatedly.
pub(super) struct Readable {
    pub(super) source: LoadSource,
    /// For people: the name given by the operator, not that of the temporary file.
    pub(super) name: String,
    /// Kept until the load has ended, and readable only by its owner.
    _file: Option<NamedTempFile>,
}

/// The sources, with a temporary file for each that can be read only once.
pub(super) async fn readable(
    sources: &[LoadSource],
    context: &Context,
) -> Result<Vec<Readable>, Error> {
    let mut readable = Vec::with_capacity(sources.len());
    for (number, source) in sources.iter().enumerate() {
        let name = source.to_string();
        let LoadSource::Stream(path) = source else {
            readable.push(Readable { source: source.clone(), name, _file: None });
            continue;
        };
        if sources.iter().take(number).any(|other| other == source) {
            return Err(Error::Configuration(format!(
                "--from names {name} twice: it can be read only once"
            )));
        }
        tracing::info!("Read {name}");
        let file = keep(path.clone(), context).await?;
        let source = of_file(file.path().to_owned(), &name).map_err(Error::Configuration)?;
        readable.push(Readable { source, name, _file: Some(file) });
    }
    Ok(readable)
}

/// Reads to the end, in a thread of its own: a pipe without a writer would delay the end of a cancelled
/// program.
async fn keep(path: PathBuf, context: &Context) -> Result<NamedTempFile, Error> {
    let (done, kept) = oneshot::channel();
    let from = path.clone();
    std::thread::spawn(move || {
        let read = || {
            let mut file = NamedTempFile::new()?;
            let mut input: Box<dyn Read> = if from.as_os_str() == STANDARD_INPUT {
                Box::new(std::io::stdin())
            } else {
                Box::new(std::fs::File::open(&from)?)
            };
            std::io::copy(&mut input, &mut file)?;
            Ok(file)
        };
        let _ = done.send(read());
    });
    let kept = tokio::select! {
        biased;
        () = context.cancel.cancelled() => return Err(Error::Cancelled),
        kept = kept => kept.unwrap_or_else(|_| Err(std::io::Error::other("the reader has ended"))),
    };
    kept.map_err(|source| Error::File { action: "read", path, source })
}
