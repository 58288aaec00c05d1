//! Unpacking of a backup into a dump while it is downloaded.

use std::io::{self, Cursor};

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_tar::{Archive, EntryType};

use crate::content::{Content, HEAD};

/// Size of the copy buffer.
const PIECE: usize = 128 << 10;

/// Maximum number of tar members in an error.
const SHOWN: usize = 10;

/// Maximum length of a member's name in an error.
const LONGEST_NAME: usize = 200;

type Reader<'a> = Box<dyn AsyncRead + Send + Unpin + 'a>;

/// Why no dump was unpacked.
#[derive(Debug)]
pub(crate) enum UnpackError {
    /// The input ended early, or does not follow its format.
    Read(io::Error),
    /// The dump could not be written.
    Write(io::Error),
    /// It contains this instead of a dump.
    Content(String),
    /// It is truncated or inconsistent.
    Damaged(String),
}

/// Writes the dump in `input`, packed or not, to `output`; returns its size.
///
/// The input is read to its end, so that all its checksums are verified.
pub(crate) async fn unpack(
    input: impl AsyncRead + Send + Unpin,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, UnpackError> {
    let (head, reader) = peek(Box::new(input)).await?;
    let mut content = Content::of(&head);
    let (mut reader, mut wrapping) = (reader, "");
    if let Content::Gzip | Content::Zstd = content {
        let packed = BufReader::with_capacity(PIECE, reader);
        let decoder: Reader<'_> = if content == Content::Gzip {
            wrapping = "gzip with ";
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            Box::new(decoder)
        } else {
            wrapping = "zstd with ";
            let mut decoder = ZstdDecoder::new(packed);
            decoder.multiple_members(true);
            Box::new(decoder)
        };
        let (head, inside) = peek(decoder).await?;
        (content, reader) = (Content::of(&head), inside);
    }
    let bytes = match content {
        Content::Dump => copy(&mut reader, output).await?,
        Content::Tar => {
            let (bytes, rest) = from_tar(reader, output).await?;
            reader = rest;
            bytes
        }
        other => return Err(UnpackError::Content(format!("{wrapping}{}", words(other)))),
    };
    copy(&mut reader, &mut tokio::io::sink()).await?;
    output.flush().await.map_err(UnpackError::Write)?;
    Ok(bytes)
}

/// The first bytes, and a reader that still returns them.
async fn peek(mut reader: Reader<'_>) -> Result<(Vec<u8>, Reader<'_>), UnpackError> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut reader).take(HEAD as u64).read_to_end(&mut head).await.map_err(UnpackError::Read)?;
    let whole = Cursor::new(head.clone()).chain(reader);
    Ok((head, Box::new(whole)))
}

/// The only dump among the members.
async fn from_tar<'a>(
    reader: Reader<'a>,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<(u64, Reader<'a>), UnpackError> {
    let mut archive = Archive::new(reader);
    let mut found: Option<(String, u64)> = None;
    let mut others = Members::default();
    {
        let mut entries = archive.entries().map_err(UnpackError::Read)?;
        while let Some(entry) = entries.next().await {
            let mut entry = entry.map_err(UnpackError::Read)?;
            let path = entry.path().map_err(UnpackError::Read)?;
            let name: String = path.to_string_lossy().escape_debug().take(LONGEST_NAME).collect();
            drop(path);
            if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
                continue;
            }
            let size = entry.effective_size();
            let (head, mut member) = peek(Box::new(&mut entry)).await?;
            match Content::of(&head) {
                Content::Dump if found.is_some() => {
                    let first = found.map(|(name, _)| name).unwrap_or_default();
                    return Err(UnpackError::Content(format!(
                        "a tar file with more than one dump ({first}, {name})"
                    )));
                }
                Content::Dump => {
                    let bytes = copy(&mut member, output).await?;
                    if bytes != size {
                        return Err(UnpackError::Damaged(format!(
                            "{name} in its tar file has {bytes} of {size} bytes"
                        )));
                    }
                    found = Some((name, bytes));
                }
                other => others.add(|| format!("{name}: {}", words(other))),
            }
        }
    }
    let Some((_, bytes)) = found else {
        return Err(UnpackError::Content(others.words()));
    };
    match archive.into_inner() {
        Ok(rest) => Ok((bytes, rest)),
        Err(_) => Err(UnpackError::Damaged("its tar file could not be read to the end".into())),
    }
}

fn words(content: Content) -> &'static str {
    match content {
        Content::Dump => "a dump",
        Content::Gzip => "a file compressed by gzip",
        Content::Zstd => "a file compressed by zstd",
        Content::Tar => "a tar file",
        Content::Other(words) => words,
    }
}

/// The members that are not dumps, of which a tar file may have millions.
#[derive(Default)]
struct Members {
    /// The first ones.
    shown: Vec<String>,
    count: u64,
}

impl Members {
    fn add(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(text());
        }
    }

    fn words(&self) -> String {
        if self.count == 0 {
            return "a tar file without any file".into();
        }
        let more = self.count - self.shown.len() as u64;
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("a tar file without a dump ({}{more})", self.shown.join("; "))
    }
}

/// Like `tokio::io::copy`, but tells which side failed.
async fn copy(
    reader: &mut (impl AsyncRead + Unpin),
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, UnpackError> {
    let mut buffer = vec![0; PIECE];
    let mut copied = 0;
    loop {
        let read = reader.read(&mut buffer).await.map_err(UnpackError::Read)?;
        if read == 0 {
            return Ok(copied);
        }
        output.write_all(&buffer[..read]).await.map_err(UnpackError::Write)?;
        copied += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_members_only_the_first_ones_are_kept() {
        let mut members = Members::default();
        for number in 0..100_000 {
            members.add(|| format!("member {number}: nothing"));
        }
        assert_eq!(members.shown.len(), SHOWN);
        let words = members.words();
        assert!(words.starts_with("a tar file without a dump (member 0: nothing; "), "{words}");
        assert!(words.ends_with("; and 99990 more)"), "{words}");
    }
}
