//! The agent's settings, from the network's options.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sofetch::net::{ClientIdentity, ConnectTo, HttpVersions, NoProxy, ProxyRules, ResolveOverride};
use sofetch::{Retry, SendPolicy};

use super::usage::UsageError;
use super::{bodies, places};
use crate::args::NetworkArgs;
use crate::authentication::Authentication;

/// The agent's settings.
#[derive(Clone, Default)]
pub(crate) struct NetworkOptions {
    /// `Some(None)` sends none.
    pub(crate) user_agent: Option<Option<String>>,
    pub(crate) resolve: Vec<ResolveOverride>,
    pub(crate) connect_to: Vec<ConnectTo>,
    /// In place of every host and port.
    pub(crate) unix_socket: Option<PathBuf>,
    /// Who the user is, where it is the agent that has to know.
    pub(crate) authentication: Authentication,
    /// What is tried again, and how often.
    pub(crate) retry: Option<Retry>,
    /// PEM.
    pub(crate) roots: Vec<u8>,
    /// Are those the only ones to believe?
    pub(crate) only_these_roots: bool,
    pub(crate) identity: Option<ClientIdentity>,
    pub(crate) insecure: bool,
    pub(crate) proxy: ProxyRules,
    pub(crate) versions: HttpVersions,
    pub(crate) max_time: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) max_size: Option<u64>,
    pub(crate) no_private: bool,
    /// Asked before each request is sent.
    pub(crate) send_policy: Option<Arc<dyn SendPolicy>>,
}

impl NetworkOptions {
    pub(crate) fn of(args: &NetworkArgs) -> Result<NetworkOptions, UsageError> {
        let resolve = args.resolve.iter().map(|said| places::resolve(said)).collect::<Result<_, _>>()?;
        let connect_to =
            args.connect_to.iter().map(|said| places::connect_to(said)).collect::<Result<_, _>>()?;
        let mut roots = Vec::new();
        for path in &args.cacert {
            roots.extend(bodies::read(path)?);
            roots.push(b'\n');
        }
        let identity = match &args.cert {
            None => None,
            Some(path) => {
                let certificate_pem = bodies::read(path)?;
                let key_pem = match &args.key {
                    Some(path) => bodies::read(path)?,
                    None => certificate_pem.clone(),
                };
                Some(ClientIdentity { certificate_pem, key_pem })
            }
        };
        Ok(NetworkOptions {
            user_agent: args
                .user_agent
                .as_ref()
                .map(|name| Some(name.clone()).filter(|name| !name.is_empty())),
            resolve,
            connect_to,
            authentication: Authentication::None,
            retry: None,
            #[cfg(unix)]
            unix_socket: args.unix_socket.clone(),
            #[cfg(not(unix))]
            unix_socket: None,
            roots,
            only_these_roots: false,
            identity,
            insecure: args.insecure,
            proxy: proxy(args)?,
            versions: match (args.http1_1, args.http2) {
                (true, _) => HttpVersions::Http1Only,
                (false, true) => HttpVersions::Http2Only,
                (false, false) => HttpVersions::Negotiated,
            },
            max_time: args.max_time,
            connect_timeout: args.connect_timeout,
            max_size: args.max_size,
            no_private: args.no_private,
            send_policy: None,
        })
    }
}

/// `--proxy` and `--noproxy`, and what the environment says where they say nothing.
fn proxy(args: &NetworkArgs) -> Result<ProxyRules, UsageError> {
    let mut rules = match args.proxy.as_deref() {
        Some("") => ProxyRules::default(),
        Some(url) => ProxyRules::all(url).map_err(UsageError::Proxy)?,
        None => ProxyRules::from_environment().map_err(UsageError::Proxy)?,
    };
    if let Some(hosts) = &args.noproxy {
        rules.no_proxy = NoProxy::parse(hosts).map_err(UsageError::Proxy)?;
    }
    Ok(rules)
}

impl std::fmt::Debug for NetworkOptions {
    /// Keys and proxies' passwords never reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkOptions").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}
