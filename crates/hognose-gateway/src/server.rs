//! The listener: connections, limits, an end in good order.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::answer::Answer;
use crate::gateway::{Asked, Gateway};

/// Limits of connections.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections at a time; more wait.
    pub connections: usize,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long requests may take to end when the server is told to.
    pub grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 2_000,
            head: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
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
        // Answers are whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let gateway = Arc::clone(&gateway);
        let service = service_fn(move |request: Request<Incoming>| {
            let gateway = Arc::clone(&gateway);
            async move { Ok::<Answer, Infallible>(respond(&gateway, &request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_headers(64)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            let _ = watched.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.grace, graceful.shutdown()).await;
}

async fn respond(gateway: &Arc<Gateway>, request: &Request<Incoming>, peer: SocketAddr) -> Answer {
    let client = peer.ip().to_string();
    let asked = Asked {
        method: request.method(),
        path: request.uri().path(),
        query: request.uri().query(),
        headers: request.headers(),
        client: &client,
    };
    gateway.answer(&asked).await
}
