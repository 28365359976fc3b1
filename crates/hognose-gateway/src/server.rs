//! The listener: connections, limits, an end in good order.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::answer::{self, Answer};
use crate::crowd::Crowd;
use crate::gateway::{Asked, Gateway, count};
use crate::patient::Patient;
use crate::peer::Trusted;
use crate::rate::Rate;

/// How connections are taken, and how many.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// Connections at a time; more wait.
    pub connections: usize,
    /// Connections of one client at a time; further ones are closed. Proxies in front may have any number.
    pub connections_per_client: usize,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long requests may take to end when the server is told to.
    pub grace: Duration,
    /// Requests a second of one client, ten seconds' worth of them at once; none for any number.
    pub rate: Option<u32>,
    /// The proxies in front.
    pub trusted: Trusted,
    /// Told of every request that was answered; must not block.
    pub access: Option<AccessLog>,
    /// What is needed to speak TLS; none where a proxy does, or nobody.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 2_000,
            // uv has fifty downloads at once, and several developers may share an address.
            connections_per_client: 500,
            head: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            rate: None,
            trusted: Trusted::default(),
            access: None,
            tls: None,
        }
    }
}

/// Takes what is to be said of requests.
#[derive(Clone)]
pub struct AccessLog(pub Arc<dyn Fn(&Access<'_>) + Send + Sync>);

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessLog")
    }
}

/// A request that was answered. Queries and headers are no part of it: they are where secrets stand.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Who asked.
    pub client: IpAddr,
    /// How.
    pub method: &'a str,
    /// For what, as it came.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the body, where they are known before it is sent.
    pub bytes: Option<u64>,
    /// Until the head of the answer was there.
    pub took: Duration,
}

/// A server that answers.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens and answers until it is stopped.
    ///
    /// # Errors
    ///
    /// An address that cannot be listened on.
    pub async fn start(
        address: SocketAddr,
        gateway: Arc<Gateway>,
        limits: ServerLimits,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, gateway, limits, stopped));
        Ok(Self {
            address,
            stop,
            task,
        })
    }

    /// Takes no further connection, and waits for the requests under way.
    pub async fn stop(self) {
        // Nobody listens any more only when the task has ended already.
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn accept(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    limits: ServerLimits,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    let door = Arc::new(Door {
        gateway,
        rate: limits.rate.map(Rate::new),
        trusted: limits.trusted,
        access: limits.access,
        secure: limits.tls.is_some(),
    });
    let acceptor = limits.tls.map(TlsAcceptor::from);
    let crowd = Arc::new(Crowd::default());
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors: what is open must end before more can come.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let most = if door.trusted.has(peer.ip()) {
            usize::MAX
        } else {
            limits.connections_per_client
        };
        let Some(place) = crowd.enter(peer.ip(), most) else {
            count(&door.gateway.counts.crowded);
            continue;
        };
        // Answers are whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        let (door, acceptor, head) = (Arc::clone(&door), acceptor.clone(), limits.head);
        tokio::spawn(async move {
            match acceptor {
                None => serve(stream, door, peer, head, watcher).await,
                Some(acceptor) => {
                    // Whoever says hello and no more holds a place of others.
                    let greeted = tokio::time::timeout(head, acceptor.accept(stream)).await;
                    if let Ok(Ok(stream)) = greeted {
                        serve(stream, door, peer, head, watcher).await;
                    }
                }
            }
            drop((place, permit));
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.grace, graceful.shutdown()).await;
}

/// What every connection has to do with.
struct Door {
    gateway: Arc<Gateway>,
    rate: Option<Rate>,
    trusted: Trusted,
    access: Option<AccessLog>,
    secure: bool,
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    door: Arc<Door>,
    peer: SocketAddr,
    head: Duration,
    watcher: Watcher,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let door = Arc::clone(&door);
        async move { Ok::<Answer, Infallible>(door.respond(&request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(64)
        .serve_connection(TokioIo::new(Patient::new(stream)), service);
    // A connection that breaks is the client's affair.
    let _ = watcher.watch(connection).await;
}

impl Door {
    async fn respond(&self, request: &Request<Incoming>, peer: SocketAddr) -> Answer {
        let began = Instant::now();
        let answer = self.answer(request, peer).await;
        if let Some(AccessLog(tell)) = &self.access {
            let length = answer.headers().get(hyper::header::CONTENT_LENGTH);
            let length = length.and_then(|v| v.to_str().ok()?.parse().ok());
            tell(&Access {
                client: self.trusted.client(peer.ip(), request.headers()),
                method: request.method().as_str(),
                path: request.uri().path(),
                status: answer.status().as_u16(),
                bytes: length.or_else(|| answer.body().size_hint().exact()),
                took: began.elapsed(),
            });
        }
        answer
    }

    async fn answer(&self, request: &Request<Incoming>, peer: SocketAddr) -> Answer {
        let address = self.trusted.client(peer.ip(), request.headers());
        if let Some(rate) = &self.rate
            && let Err(seconds) = rate.take(address, Instant::now())
        {
            return answer::too_many(seconds);
        }
        let client = address.to_string();
        let asked = Asked {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
            headers: request.headers(),
            client: &client,
            pass: None,
            secure: self.secure || self.trusted.is_secure(peer.ip(), request.headers()),
        };
        self.gateway.answer(&asked).await
    }
}
