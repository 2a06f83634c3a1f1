//! Ctrl-C while scripts run. While a person types it is a key like any other, and the line editor's.

use crate::ending::Failure;
use crate::repl::scripts::Scripts;

#[cfg(unix)]
fn signals() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn signals() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

/// Listens, from now on: what came before ends the process.
pub(crate) fn listen(scripts: &Scripts) -> Result<(), Failure> {
    let scripts = scripts.clone();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let mut signals = {
        let _entered = runtime.enter();
        signals().map_err(Failure::Start)?
    };
    let listening = move || {
        runtime.block_on(async {
            while signals.recv().await.is_some() {
                scripts.interrupt_entry();
            }
        });
    };
    std::thread::Builder::new().name("interrupts".to_owned()).spawn(listening).map_err(Failure::Start)?;
    Ok(())
}
