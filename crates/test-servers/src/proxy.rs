//! TCP proxy that breaks connections on request.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use crate::error::{Error, IoContext};

/// Forwards between a client and a server on 127.0.0.1, and simulates network faults: it breaks
/// connections, delays bytes, or loses a reply after the request has arrived.
///
/// Its threads end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    upstream_port: u16,
    state: Mutex<State>,
    changed: Condvar,
    dropped_replies: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    lost_reply: LostReply,
    links: Vec<Weak<Link>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Pass,
    Stall,
    Cut,
    /// The proxy is being dropped.
    End,
}

/// Which request gets no reply.
#[derive(Debug, Default)]
enum LostReply {
    #[default]
    None,
    Next,
    Containing(Vec<u8>),
}

/// One client connection and its counterpart.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    reply_is_lost: AtomicBool,
}

impl Proxy {
    /// Starts a proxy on a free port of 127.0.0.1 for the server on `upstream_port`, which need
    /// not run yet.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(upstream_port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).during("bind a port for a proxy")?;
        let port = listener.local_addr().during("read the port of a proxy")?.port();
        let shared = Arc::new(Shared {
            upstream_port,
            state: Mutex::default(),
            changed: Condvar::new(),
            dropped_replies: AtomicU64::new(0),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        Ok(Self { port, shared, acceptor: Some(acceptor) })
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes every connection, and every new one at once, until [`Proxy::resume`].
    pub fn cut(&self) {
        self.shared.set_mode(Mode::Cut);
    }

    /// Keeps every connection open but forwards nothing in either direction until [`Proxy::resume`], which
    /// delivers the delayed bytes. New connections are accepted and wait.
    pub fn stall(&self) {
        self.shared.set_mode(Mode::Stall);
    }

    /// Ends [`Proxy::cut`] and [`Proxy::stall`].
    pub fn resume(&self) {
        self.shared.set_mode(Mode::Pass);
    }

    /// Forwards the next request, and closes its connection instead of forwarding the reply: the server has
    /// executed the request, but the client does not know.
    pub fn drop_next_reply(&self) {
        self.shared.lock().lost_reply = LostReply::Next;
    }

    /// [`Proxy::drop_next_reply`] for the next request that contains `text`, such as `b"COMMIT"`.
    ///
    /// The text must arrive in one piece, as the few bytes of a command do on a loopback
    /// connection.
    pub fn drop_reply_to(&self, text: &[u8]) {
        self.shared.lock().lost_reply = LostReply::Containing(text.to_owned());
    }

    /// How many replies were dropped so far.
    #[must_use]
    pub fn dropped_replies(&self) -> u64 {
        self.shared.dropped_replies.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.set_mode(Mode::End);
        // A last connection wakes the acceptor, which waits in accept().
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_mode(&self, mode: Mode) {
        let mut state = self.lock();
        state.mode = mode;
        if matches!(mode, Mode::Cut | Mode::End) {
            for link in state.links.drain(..).filter_map(|link| link.upgrade()) {
                link.close();
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits while the proxy stalls; returns whether bytes may be forwarded.
    fn may_pass(&self) -> bool {
        let state = self
            .changed
            .wait_while(self.lock(), |state| state.mode == Mode::Stall)
            .unwrap_or_else(PoisonError::into_inner);
        state.mode == Mode::Pass
    }

    /// Marks `link` if `request` is the one whose reply is to be lost.
    fn inspect(&self, request: &[u8], link: &Link) {
        let mut state = self.lock();
        let hit = match &state.lost_reply {
            LostReply::None => false,
            LostReply::Next => true,
            LostReply::Containing(text) => {
                request.windows(text.len().max(1)).any(|part| part == text)
            }
        };
        if hit {
            state.lost_reply = LostReply::None;
            link.reply_is_lost.store(true, Ordering::SeqCst);
        }
    }
}

impl Link {
    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        let mode = shared.lock().mode;
        match (mode, client) {
            (Mode::End, _) => return,
            (Mode::Cut, _) | (_, Err(_)) => {}
            (_, Ok(client)) => {
                // A server that cannot be reached closes the client's connection.
                let _ = connect(client, shared);
            }
        }
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", shared.upstream_port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let link = Arc::new(Link { client, server, reply_is_lost: AtomicBool::new(false) });
    let mut state = shared.lock();
    state.links.retain(|link| link.strong_count() > 0);
    state.links.push(Arc::downgrade(&link));
    if matches!(state.mode, Mode::Cut | Mode::End) {
        link.close();
    }
    drop(state);
    let (requests, for_requests) = (Arc::clone(&link), Arc::clone(shared));
    std::thread::spawn(move || pass_requests(&requests, &for_requests));
    let for_replies = Arc::clone(shared);
    std::thread::spawn(move || pass_replies(&link, &for_replies));
    Ok(())
}

fn pass_requests(link: &Link, shared: &Shared) {
    let (mut from, mut to) = (&link.client, &link.server);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        if length == 0 || !shared.may_pass() {
            let _ = link.server.shutdown(Shutdown::Write);
            return;
        }
        shared.inspect(&buffer[..length], link);
        if to.write_all(&buffer[..length]).is_err() {
            link.close();
            return;
        }
    }
}

fn pass_replies(link: &Link, shared: &Shared) {
    let (mut from, mut to) = (&link.server, &link.client);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        if length == 0 || !shared.may_pass() {
            link.close();
            return;
        }
        if link.reply_is_lost.load(Ordering::SeqCst) {
            lose_reply(link, shared);
            return;
        }
        if to.write_all(&buffer[..length]).is_err() {
            link.close();
            return;
        }
    }
}

/// Closes the client's side at once; `pass_requests` then ends the server's side, after the request
/// has gone. The server's side is read to its end: closing it with unread bytes would reset the
/// connection, and the request itself might be lost.
fn lose_reply(link: &Link, shared: &Shared) {
    // Counted first, because a test that sees the connection end may read the number at once.
    shared.dropped_replies.fetch_add(1, Ordering::SeqCst);
    let _ = link.client.shutdown(Shutdown::Both);
    let mut rest = &link.server;
    let _ = std::io::copy(&mut rest, &mut std::io::sink());
    link.close();
}
