//! Listing of all objects of a place in key order. Objects that this program cannot handle are reported
//! instead of ending the listing.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{Error, Result};

use crate::ObjectPlace;

/// Objects per page, the maximum that stores support.
const PAGE: usize = 1_000;

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// An object.
    Object {
        /// Its key below the place's path.
        key: String,
        /// Its size in bytes.
        size: u64,
        /// Its modification time.
        modified: DateTime<Utc>,
    },
    /// A symbolic link to a directory, whose content is listed as if it were here.
    Link {
        /// Its key below the place's path.
        key: String,
        /// The directory that it points to.
        directory: PathBuf,
    },
    /// An object that this program can neither read nor write.
    Unusable {
        /// Its key below the place's path; bytes that are not UTF-8 are replaced.
        key: String,
        /// The reason.
        reason: String,
    },
}

impl ObjectPlace {
    /// Lists the objects at and below the place. Directories are sorted here, so each single directory must
    /// fit into memory, but not the whole tree; buckets list in key order.
    #[must_use]
    pub fn list(&self) -> BoxStream<'static, Result<Listed>> {
        if let Some(directory) = self.directory() {
            return in_directory(directory).boxed();
        }
        let cut = if self.path.is_root() { 0 } else { self.path.as_ref().len() + 1 };
        if let Some(pages) = &self.pages {
            return in_pages(Arc::clone(pages), &self.path, cut).boxed();
        }
        let below = (!self.path.is_root()).then_some(&self.path);
        let objects = self.store.list(below);
        objects.map_ok(move |object| of(object, cut)).boxed()
    }
}

fn of(object: object_store::ObjectMeta, cut: usize) -> Listed {
    Listed::Object {
        key: object.location.as_ref().get(cut..).unwrap_or_default().to_owned(),
        size: object.size,
        modified: object.last_modified,
    }
}

/// Where the listing of a bucket continues.
enum At {
    Start,
    /// After this key.
    Key(String),
    Token(String),
    End,
}

/// Stores reject a whole page that contains an unsupported key. The page is requested again in halves,
/// until the unsupported key is alone and the error names it.
fn in_pages(
    store: Arc<dyn PaginatedListStore>,
    path: &Path,
    cut: usize,
) -> impl futures_util::Stream<Item = Result<Listed>> + use<> {
    let prefix = (!path.is_root()).then(|| format!("{path}/"));
    let pages = stream::try_unfold((store, At::Start, PAGE), move |(store, at, size)| {
        let prefix = prefix.clone();
        async move {
            let mut options = PaginatedListOptions { max_keys: Some(size), ..Default::default() };
            match &at {
                At::Start => {}
                At::Key(key) => options.offset = Some(key.clone()),
                At::Token(token) => options.page_token = Some(token.clone()),
                At::End => return Ok(None),
            }
            match store.list_paginated(prefix.as_deref(), options).await {
                Ok(page) => {
                    let next = page.page_token.map_or(At::End, At::Token);
                    let objects = page.result.objects.into_iter();
                    let objects = objects.map(|object| of(object, cut)).collect();
                    Ok(Some((objects, (store, next, size))))
                }
                Err(Error::InvalidPath { .. }) if size > 1 => {
                    Ok(Some((Vec::new(), (store, at, size / 2))))
                }
                Err(Error::InvalidPath { source }) => {
                    use object_store::path::Error as Odd;
                    let (Odd::EmptySegment { path: key } | Odd::BadSegment { path: key, .. }) =
                        &source
                    else {
                        return Err(Error::InvalidPath { source });
                    };
                    let reason = odd(&source);
                    let unusable =
                        Listed::Unusable { key: key.get(cut..).unwrap_or(key).to_owned(), reason };
                    Ok(Some((vec![unusable], (store, At::Key(key.clone()), PAGE))))
                }
                Err(error) => Err(error),
            }
        }
    });
    pages.map_ok(|objects: Vec<Listed>| stream::iter(objects.into_iter().map(Ok))).try_flatten()
}

fn odd(error: &object_store::path::Error) -> String {
    match error {
        object_store::path::Error::EmptySegment { .. } => "a part of its key is empty".into(),
        _ => "a part of its key is . or .., or has a control character".into(),
    }
}

/// A directory to list, or an entry of one.
enum Item {
    Directory(PathBuf, String),
    Found(Listed),
}

fn in_directory(top: PathBuf) -> impl futures_util::Stream<Item = Result<Listed>> {
    // The next item is the last one.
    let stack = vec![Item::Directory(top, String::new())];
    stream::try_unfold(stack, async |mut stack| {
        while let Some(item) = stack.pop() {
            let (directory, below) = match item {
                Item::Found(found) => return Ok(Some((found, stack))),
                Item::Directory(directory, below) => (directory, below),
            };
            let shown = directory.display().to_string();
            let read = tokio::task::spawn_blocking(move || read(&directory, &below)).await;
            let read = read.map_err(std::io::Error::other).flatten();
            let items = match read {
                // Like an empty place: nothing was written there yet.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.map_err(|error| Error::Generic {
                    store: "file",
                    source: format!("{shown}: {error}").into(),
                })?,
            };
            stack.extend(items);
        }
        Ok(None)
    })
}

/// The entries of a directory, in reverse order.
fn read(directory: &std::path::Path, below: &str) -> std::io::Result<Vec<Item>> {
    let mut items = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let key = format!("{below}{}", name.to_string_lossy());
        // Follows links.
        let found = std::fs::metadata(entry.path());
        let unusable = |reason: &str| {
            Item::Found(Listed::Unusable { key: key.clone(), reason: reason.into() })
        };
        let item = match found {
            _ if name.to_str().is_none() => unusable("its name is not UTF-8"),
            Err(error) => unusable(&error.to_string()),
            Ok(_) if key.chars().any(|one| one.is_ascii_control()) => {
                unusable("its name has a control character")
            }
            Ok(found) if found.is_dir() => {
                if entry.file_type()?.is_symlink() {
                    let directory = entry.path().canonicalize()?;
                    let link = Listed::Link { key: key.clone(), directory };
                    items.push((format!("{key}/"), Item::Found(link)));
                }
                items.push((format!("{key}/"), Item::Directory(entry.path(), format!("{key}/"))));
                continue;
            }
            Ok(found) if !found.is_file() => {
                unusable("it is a pipe, a socket or a device, not a file")
            }
            Ok(_) if is_unfinished(&key) => {
                unusable("its name ends in # and a number, as those of unfinished uploads do")
            }
            Ok(found) => {
                let modified = found.modified()?.into();
                Item::Found(Listed::Object { key: key.clone(), size: found.len(), modified })
            }
        };
        items.push((key, item));
    }
    items.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

fn is_unfinished(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default();
    let number = name.split_once('#').map(|(_, number)| number).filter(|it| !it.is_empty());
    number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
}
