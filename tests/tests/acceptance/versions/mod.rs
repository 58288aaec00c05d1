//! Copies between servers of different versions, with the clients that may be used for them.
//!
//! Each version is copied into itself, into 18 and, where it is not newer, into 15. The servers come
//! from `scripts/postgres-versions`; without them these tests fail, and `scripts/test` leaves them out
//! and says so.

mod database;
mod incremental;
mod pair;
mod refusals;

use pair::Pair;

/// A whole copy by each method, where the second meets what the first one left; then new rows.
fn arrives_whole(mut pair: Pair) {
    // The hashes of both servers are equal, whatever their versions.
    pair.programs.set("VERIFY", "checksums");
    pair.programs.set("PUBLISH", "in-place");
    for method in ["archive", "live"] {
        pair.programs.set("BACKUP_METHOD", method);
        pair.run(&["backup-restore"]);
        pair.assert_same();
    }
    incremental::rows_follow(&mut pair);
    // Range types cannot be moved by an ordinary role.
    pair.change_source(
        "ALTER TABLE users DROP COLUMN heat; DROP TYPE float_range;
         ALTER TABLE IF EXISTS opening_hours DROP COLUMN IF EXISTS warm; DROP TYPE IF EXISTS temperature",
    );
    pair.programs.set("PUBLISH", "swap");
    pair.programs.set("BACKUP_MODE", "{}");
    pair.run(&["backup-restore"]);
    pair.assert_same();
}

macro_rules! pairs {
    ($($name:ident: $source:literal into $target:literal,)*) => {$(
        #[test]
        fn $name() {
            arrives_whole(Pair::new($source, $target));
        }
    )*};
}

pairs! {
    from_13_into_13: 13 into 13,
    from_14_into_14: 14 into 14,
    from_15_into_15: 15 into 15,
    from_16_into_16: 16 into 16,
    from_17_into_17: 17 into 17,
    from_18_into_18: 18 into 18,
    from_13_into_15: 13 into 15,
    from_14_into_15: 14 into 15,
    from_13_into_18: 13 into 18,
    from_14_into_18: 14 into 18,
    from_15_into_18: 15 into 18,
    from_16_into_18: 16 into 18,
    from_17_into_18: 17 into 18,
}

/// pg_restore 17 and newer sets `transaction_timeout`, which older servers do not know.
#[test]
fn a_client_newer_than_both_servers() {
    arrives_whole(Pair::with_client(13, 14, 18));
}
