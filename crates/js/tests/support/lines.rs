//! A printer that keeps what was printed, errors behind `! `.

use std::cell::RefCell;
use std::rc::Rc;

use sofetch_js::Printer;

#[derive(Clone, Default)]
pub(crate) struct Lines(Rc<RefCell<Vec<String>>>);

impl Lines {
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

impl Printer for Lines {
    fn out(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }

    fn error(&self, line: &str) {
        self.0.borrow_mut().push(format!("! {line}"));
    }
}
