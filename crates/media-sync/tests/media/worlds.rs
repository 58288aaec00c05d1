//! Pairs of stores that the conformance suite runs over.

use std::sync::Arc;

use media_sync::{Kind, MediaSync};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use object_stores::ObjectPlace;
use test_servers::fakes::S3Buckets;

use crate::support::{LATER, OLD, limits, settings, side};

/// A source below `media/`, and a target below `staging/media/`, which hold nothing.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) sync: MediaSync,
    source: Source,
    /// Everything of the target's bucket, from its root.
    pub(crate) target: Arc<dyn ObjectStore>,
    #[expect(dead_code, reason = "what both sides stand on has to live as long")]
    kept: (Vec<tempfile::TempDir>, Option<Arc<S3Buckets>>),
}

enum Source {
    Store(Arc<dyn ObjectStore>),
    Directory(std::path::PathBuf),
    Mock(Arc<S3Buckets>),
}

impl World {
    /// Puts an object of the source, written before any run.
    pub(crate) async fn put(&self, key: &str, bytes: &[u8]) {
        self.put_at(key, bytes, OLD).await;
    }

    /// Puts one that is newer than what a run has written.
    pub(crate) async fn put_later(&self, key: &str, bytes: &[u8]) {
        self.put_at(key, bytes, LATER).await;
    }

    async fn put_at(&self, key: &str, bytes: &[u8], time: &str) {
        match &self.source {
            Source::Store(store) => {
                let path = Path::parse(format!("media/{key}")).unwrap();
                store.put(&path, bytes.to_vec().into()).await.unwrap();
            }
            Source::Directory(root) => {
                let file = root.join("media").join(key);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(&file, bytes).unwrap();
                let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
                std::fs::File::open(&file).unwrap().set_modified(time.into()).unwrap();
            }
            Source::Mock(mock) => {
                mock.put("production", &format!("media/{key}"), time, bytes.to_vec());
            }
        }
    }

    pub(crate) async fn remove(&self, key: &str) {
        match &self.source {
            Source::Store(store) => {
                store.delete(&Path::parse(format!("media/{key}")).unwrap()).await.unwrap();
            }
            Source::Directory(root) => {
                std::fs::remove_file(root.join("media").join(key)).unwrap();
            }
            Source::Mock(mock) => mock.remove("production", &format!("media/{key}")),
        }
    }
}

pub(crate) fn all() -> Vec<World> {
    vec![
        memory(),
        directories(),
        directory_to_s3(),
        s3_to_directory(),
        s3_streamed(),
        s3_in_store(),
    ]
}

fn memory() -> World {
    let (source, target): (Arc<dyn ObjectStore>, Arc<dyn ObjectStore>) =
        (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
    let sync = MediaSync::between(
        ObjectPlace::new(Arc::clone(&source), "media", "memory:source"),
        ObjectPlace::new(Arc::clone(&target), "staging/media", "memory:target"),
        Kind::S3,
        None,
        settings(),
    );
    World { name: "memory", sync, source: Source::Store(source), target, kept: (vec![], None) }
}

fn directory() -> (tempfile::TempDir, Arc<dyn ObjectStore>) {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    (directory, Arc::new(store))
}

fn url(directory: &tempfile::TempDir, path: &str) -> String {
    format!("file://{}/{path}", directory.path().display())
}

fn directories() -> World {
    let ((from, _), (to, target)) = (directory(), directory());
    let sync = MediaSync::open(
        &side(&url(&from, "media"), vec![]),
        &side(&url(&to, "staging/media"), vec![]),
        settings(),
        &limits(),
    );
    let (sync, source) = (sync.unwrap(), Source::Directory(from.path().to_owned()));
    World { name: "directories", sync, source, target, kept: (vec![from, to], None) }
}

fn mock() -> (Arc<S3Buckets>, Arc<dyn ObjectStore>) {
    let mock = Arc::new(S3Buckets::start(&["production", "staging"]).unwrap());
    let whole = ObjectPlace::open(&"s3://staging".parse().unwrap(), mock.environment(), &limits());
    (mock, whole.unwrap().store)
}

fn directory_to_s3() -> World {
    let ((from, _), (mock, target)) = (directory(), mock());
    let sync = MediaSync::open(
        &side(&url(&from, "media"), vec![]),
        &side("s3://staging/staging/media", mock.environment()),
        settings(),
        &limits(),
    );
    let source = Source::Directory(from.path().to_owned());
    let sync = sync.unwrap();
    World { name: "directory to S3", sync, source, target, kept: (vec![from], Some(mock)) }
}

fn s3_to_directory() -> World {
    let ((mock, _), (to, target)) = (mock(), directory());
    let sync = MediaSync::open(
        &side("s3://production/media/", mock.environment()),
        &side(&url(&to, "staging/media"), vec![]),
        settings(),
        &limits(),
    );
    let source = Source::Mock(mock);
    World { name: "S3 to directory", sync: sync.unwrap(), source, target, kept: (vec![to], None) }
}

/// The source is read by another key than the target is written by.
fn s3_streamed() -> World {
    let (mock, target) = mock();
    let sync = MediaSync::open(
        &side("s3://production/media", mock.environment_of(S3Buckets::READER)),
        &side("s3://staging/staging/media/", mock.environment()),
        settings(),
        &limits(),
    );
    let source = Source::Mock(mock);
    World { name: "S3, streamed", sync: sync.unwrap(), source, target, kept: (vec![], None) }
}

fn s3_in_store() -> World {
    let (mock, target) = mock();
    let sync = MediaSync::open(
        &side("s3://production/media", mock.environment()),
        &side("s3://staging/staging/media", mock.environment()),
        settings(),
        &limits(),
    );
    let source = Source::Mock(mock);
    World {
        name: "S3, copied by the store",
        sync: sync.unwrap(),
        source,
        target,
        kept: (vec![], None),
    }
}
