//! The Lua scripts, one per operation, each preceded by the functions it uses.
//!
//! A script receives the queue's key prefix as its key and a JSON object as its argument. All scripts can
//! safely be run twice with the same request, because Redis may have run one although its reply was lost.

use std::sync::LazyLock;

use redis::Script;

macro_rules! library {
    ($($name:ident = $file:literal;)*) => {
        $(const $name: &str = include_str!(concat!("../lua/lib/", $file));)*
    };
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = [$($library:ident),*] $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
                Script::new(&[$($library,)* include_str!(concat!("../lua/", $file))].concat())
            });
        )*
    };
}

library! {
    ANNOUNCE_LIB = "announce.lua";
    RECEIPT_LIB = "receipt.lua";
    ENQUEUE_LIB = "enqueue.lua";
    FORGET_LIB = "forget.lua";
    ADD_JOB_LIB = "add_job.lua";
    PROMOTE_LIB = "promote.lua";
    OWN_LIB = "own.lua";
    TAKE_LIB = "take.lua";
    SETTLE_LIB = "settle.lua";
    SET_ASIDE_LIB = "set_aside.lua";
    RETRY_JOB_LIB = "retry_job.lua";
}

scripts! {
    ADD = [RECEIPT_LIB, ANNOUNCE_LIB, ENQUEUE_LIB, ADD_JOB_LIB] "add.lua";
    ADD_BULK = [RECEIPT_LIB, ANNOUNCE_LIB, ENQUEUE_LIB, ADD_JOB_LIB] "add_bulk.lua";
    CHECK_RIGHTS = [] "check_rights.lua";
    CLEAN = [RECEIPT_LIB, FORGET_LIB] "clean.lua";
    DRAIN = [RECEIPT_LIB, FORGET_LIB] "drain.lua";
    MANUAL_FINISH = [RECEIPT_LIB, ANNOUNCE_LIB, ENQUEUE_LIB, OWN_LIB, SETTLE_LIB] "manual_finish.lua";
    FETCH = [ANNOUNCE_LIB, ENQUEUE_LIB, SET_ASIDE_LIB, PROMOTE_LIB, OWN_LIB, TAKE_LIB] "fetch.lua";
    FINISH = [ANNOUNCE_LIB, ENQUEUE_LIB, ADD_JOB_LIB, SET_ASIDE_LIB, PROMOTE_LIB, OWN_LIB, TAKE_LIB, SETTLE_LIB] "finish.lua";
    INTERRUPTED = [ANNOUNCE_LIB, ENQUEUE_LIB, OWN_LIB, SETTLE_LIB] "interrupted.lua";
    LOG = [RECEIPT_LIB] "log.lua";
    LOOK = [SET_ASIDE_LIB] "look.lua";
    OBLITERATE = [FORGET_LIB] "obliterate.lua";
    PAUSE = [ANNOUNCE_LIB] "pause.lua";
    PROGRESS = [ANNOUNCE_LIB] "progress.lua";
    PROMOTE = [ANNOUNCE_LIB, ENQUEUE_LIB, SET_ASIDE_LIB] "promote.lua";
    PROMOTE_DUE = [ANNOUNCE_LIB, ENQUEUE_LIB, SET_ASIDE_LIB, PROMOTE_LIB] "promote_due.lua";
    RELEASE = [ANNOUNCE_LIB, ENQUEUE_LIB, OWN_LIB] "release.lua";
    REMOVE = [] "remove.lua";
    RENEW = [OWN_LIB] "renew.lua";
    REPEAT_NEXT = [ANNOUNCE_LIB, ENQUEUE_LIB, ADD_JOB_LIB] "repeat_next.lua";
    REPEAT_REMOVE = [] "repeat_remove.lua";
    REPEAT_UPSERT = [ANNOUNCE_LIB, ENQUEUE_LIB, ADD_JOB_LIB] "repeat_upsert.lua";
    RESTORE = [OWN_LIB] "restore.lua";
    RETRY = [RECEIPT_LIB, ANNOUNCE_LIB, ENQUEUE_LIB, SET_ASIDE_LIB, RETRY_JOB_LIB] "retry.lua";
    RETRY_FAILED = [RECEIPT_LIB, ANNOUNCE_LIB, ENQUEUE_LIB, SET_ASIDE_LIB, RETRY_JOB_LIB] "retry_failed.lua";
    UNLOCK = [] "unlock.lua";
}
