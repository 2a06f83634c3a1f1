//! Ctrl-C while scripts run. While a person types it is a key like any other, and the line editor's.

use crate::ending::Failure;
use crate::repl::scripts::Scripts;

/// Listens, from now on.
pub(crate) fn listen(scripts: &Scripts) -> Result<(), Failure> {
    let scripts = scripts.clone();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let listening = move || {
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                scripts.interrupt_entry();
            }
        });
    };
    std::thread::Builder::new().name("interrupts".to_owned()).spawn(listening).map_err(Failure::Start)?;
    Ok(())
}
