//! Copy of the newest archive under a fixed name.

use futures_util::StreamExt;
use object_store::ObjectStoreExt;
use object_stores::{ObjectPlace, reason};
use progress::CancellationToken;
use tokio::io::AsyncWriteExt;

use crate::entry::Entry;
use crate::inventory::path;
use crate::name::Name;
use crate::upload::{UploadError, part_length, upload};

/// The largest object that S3 copies with one request.
const LARGEST_COPY: u64 = 5 << 30;

/// Makes `<database>-latest.tar.…` a copy of `newest`, unless it is already. The store copies it itself if
/// it can; a directory creates a hard link.
pub(crate) async fn copy(
    store: &ObjectPlace,
    newest: &Entry,
    cancel: &CancellationToken,
) -> Result<(), String> {
    let Ok(name) = newest.name.parse::<Name>() else { return Ok(()) };
    let (from, to) = (path(store, &newest.name), path(store, &name.latest()));
    let failed = |error: object_store::Error| reason(&error);
    let source = store.store.head(&from).await.map_err(failed)?;
    if let Ok(found) = store.store.head(&to).await
        && found.size == source.size
        && found.last_modified >= source.last_modified
    {
        return Ok(());
    }
    if newest.bytes <= LARGEST_COPY || store.shown().starts_with("file:") {
        store.store.copy(&from, &to).await.map_err(failed)?;
    } else {
        let mut body = store.store.get(&from).await.map_err(failed)?.into_stream();
        let fill = async |mut writer: tokio::io::DuplexStream| {
            while let Some(piece) = body.next().await {
                writer.write_all(&piece.map_err(std::io::Error::other)?).await?;
            }
            writer.shutdown().await
        };
        let sent = upload(&*store.store, &to, part_length(newest.bytes), cancel, fill).await;
        sent.map_err(|failed| match failed.error {
            UploadError::Cancelled => "cancelled".to_owned(),
            UploadError::Fill(error) => error.to_string(),
            UploadError::Store(error) => reason(&error),
        })?;
    }
    // With another compression, or from before encryption was enabled.
    for other in name.other_latest() {
        match store.store.delete(&path(store, &other)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(reason(&error)),
        }
    }
    Ok(())
}
