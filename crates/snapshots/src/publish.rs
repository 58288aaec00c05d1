//! Publishing: makes an uploaded archive a good snapshot.

use object_store::{ObjectStoreExt, PutPayload};
use object_stores::{ObjectPlace, reason};
use progress::{CancellationToken, Context};

use crate::entry::{Entry, EntryState};
use crate::error::Error;
use crate::inventory::path;
use crate::manifest::{FileState, Manifest, Sidecar};
use crate::name::{Name, SIDECAR};
use crate::pack::{Member, Packing};
use crate::progress::{Meter, UPLOAD};
use crate::prune::remove;
use crate::settings::Settings;
use crate::upload::{Failed, UploadError, part_length, upload};

/// Uploads the archive, then publishes its manifest.
pub(crate) async fn publish(
    settings: &Settings,
    manifest: Manifest,
    members: &[Member],
    context: &Context,
) -> Result<Entry, Error> {
    let store = &settings.store;
    let is_encrypted = !settings.recipients.is_empty();
    let name = Name::new(&manifest.database, manifest.taken_at, settings.compression, is_encrypted);
    let text = name.to_string();
    let length = |member: &Member| std::fs::metadata(&member.path).map_or(0, |file| file.len());
    let total: u64 = members.iter().map(length).sum();
    let meter = Meter::new(context, "upload", UPLOAD, total);
    let packing = Packing { compression: settings.compression, recipients: &settings.recipients };
    let archive = path(store, &text);
    let fill = async |writer| packing.write(members, manifest, writer, &meter).await;
    let sent = upload(&*store.store, &archive, part_length(total), &context.cancel, fill).await;
    let (manifest, uploaded) = sent.map_err(|failed| not_uploaded(failed, store, &text))?;
    let archive = FileState { name: text, bytes: uploaded.bytes, sha256: uploaded.sha256 };
    let sidecar = Sidecar { archive, manifest };
    confirm(store, &sidecar, &context.cancel).await?;
    Ok(Entry {
        name: sidecar.archive.name,
        database: name.database,
        taken_at: name.taken_at,
        bytes: sidecar.archive.bytes,
        is_encrypted,
        state: EntryState::Good(Box::new(sidecar.manifest)),
    })
}

fn not_uploaded(failed: Failed<std::io::Error>, store: &ObjectPlace, name: &str) -> Error {
    let state = if failed.parts_left {
        "parts of it may be left there, which no list shows: a rule of the store that ends uploads that are \
         not completed removes them"
    } else {
        "nothing of it is there"
    };
    match failed.error {
        UploadError::Cancelled => Error::Cancelled,
        UploadError::Fill(source) => Error::Pack { name: name.into(), source },
        UploadError::Store(error) => Error::NotKept {
            name: name.into(),
            action: "upload it to".into(),
            place: store.shown().into(),
            reason: reason(&error),
            state: state.into(),
        },
    }
}

/// Checks that the archive is complete in the store, and puts the manifest next to it; removes the archive
/// if either fails.
async fn confirm(
    store: &ObjectPlace,
    sidecar: &Sidecar,
    cancel: &CancellationToken,
) -> Result<(), Error> {
    let archive = path(store, &sidecar.archive.name);
    let beside = path(store, &format!("{}{SIDECAR}", sidecar.archive.name));
    let confirming = async {
        let found =
            store.store.head(&archive).await.map_err(|error| ("examine it in", reason(&error)))?;
        let wanted = sidecar.archive.bytes;
        if found.size != wanted {
            let found = found.size;
            return Err((
                "upload it to",
                format!("it has {found} bytes there, but {wanted} were sent"),
            ));
        }
        let json = serde_json::to_vec_pretty(sidecar)
            .map_err(|error| ("write its manifest to", error.to_string()))?;
        let put = store.store.put(&beside, PutPayload::from(json)).await;
        put.map(drop).map_err(|error| ("write its manifest to", reason(&error)))
    };
    let failed = match cancel.run_until_cancelled(confirming).await {
        Some(Ok(())) => return Ok(()),
        failed => failed,
    };
    // The manifest first, because it may exist although the response was lost.
    let is_removed = remove(store, &[&beside, &archive]).await.is_ok();
    let Some(Err((action, reason))) = failed else { return Err(Error::Cancelled) };
    let state = if is_removed {
        "its archive was taken away again"
    } else {
        "its archive may be left there without a manifest: so it does not count, and is removed when it is a \
         day old"
    };
    Err(Error::NotKept {
        name: sidecar.archive.name.clone(),
        action: action.into(),
        place: store.shown().into(),
        reason,
        state: state.into(),
    })
}
