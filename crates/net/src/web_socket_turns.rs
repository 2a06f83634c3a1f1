//! One handshake at a time: [obtain a WebSocket connection](https://websockets.spec.whatwg.org/#concept-websocket-connection-obtain) follows step 2 of
//! [RFC 6455, section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1), so that a script cannot open very many connections to a server that says nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::ports::{
    BoxFuture, Connection, ConnectionRequest, ExchangeFault, Protocol, WireRequest, WireResponse,
};
use sofetch_core::wire_faults::NetworkFault;

use crate::obtain_a_web_socket_connection::{WithoutWebSockets, obtain_a_web_socket_connection};
use crate::pool::Group;

/// Whose turn it is, for each host and port.
// DEPARTS: by the name and not by the address, which is known only once somebody is connected; two names of a server have two turns.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<Box<str>, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, host_and_port: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(host_and_port).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        turns.insert(host_and_port.into(), Arc::downgrade(&turn));
        turn
    }

    /// A connection for the handshake of a WebSocket, once those before it are established or have failed.
    pub(crate) async fn obtain(
        &self,
        shared: Option<Arc<Group>>,
        own: Arc<Group>,
        without: &WithoutWebSockets,
        ask: ConnectionRequest,
    ) -> Result<Box<dyn Connection>, NetworkFault> {
        let turn = self.of(ask.url.host_and_port()).lock_owned().await;
        let connection = obtain_a_web_socket_connection(shared, own, without, &ask).await?;
        Ok(Box::new(InTurn { connection, turn }))
    }
}

/// A connection whose turn lasts until there is an answer.
struct InTurn {
    connection: Box<dyn Connection>,
    turn: OwnedMutexGuard<()>,
}

impl Connection for InTurn {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        self.connection.timing_info()
    }

    fn protocol(&self) -> Protocol {
        self.connection.protocol()
    }

    fn reused(&self) -> bool {
        self.connection.reused()
    }

    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        let InTurn { connection, turn } = *self;
        Box::pin(async move {
            let answer = connection.exchange(request).await;
            drop(turn);
            answer
        })
    }
}
