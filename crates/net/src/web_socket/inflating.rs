//! [permessage-deflate](https://www.rfc-editor.org/rfc/rfc7692#section-7): what a server compressed becomes what it said, and never more than may be.

use flate2::{Decompress, FlushDecompress, Status};

use sofetch_core::infrastructure::web_sockets::PermessageDeflate;
use sofetch_core::wire_faults::WebSocketBreach;

/// What a compressed message lacks at its end (section 7.2.2).
const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];

/// So many bytes are made at a time.
const PIECE: usize = 16 * 1024;

pub(super) struct Inflating {
    decompress: Decompress,
    each_for_itself: bool,
}

impl Inflating {
    pub(super) fn new(deflate: PermessageDeflate) -> Inflating {
        Inflating { decompress: Decompress::new(false), each_for_itself: deflate.server_no_context_takeover }
    }

    /// Appends what a fragment says; after the last one a new message begins.
    pub(super) fn inflate(
        &mut self,
        fragment: &[u8],
        is_last: bool,
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), WebSocketBreach> {
        self.append(fragment, message, limit)?;
        if is_last {
            self.append(TAIL, message, limit)?;
            if self.each_for_itself {
                self.decompress.reset(false);
            }
        }
        Ok(())
    }

    fn append(
        &mut self,
        mut input: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), WebSocketBreach> {
        loop {
            message.reserve(PIECE);
            let (read, made) = (self.decompress.total_in(), message.len());
            let status = self
                .decompress
                .decompress_vec(input, message, FlushDecompress::Sync)
                .map_err(|_| WebSocketBreach::Compression)?;
            if message.len() > limit {
                return Err(WebSocketBreach::TooLarge { limit });
            }
            let read = usize::try_from(self.decompress.total_in() - read).unwrap_or(input.len());
            input = &input[read.min(input.len())..];
            // NB: a block may say that it is the last; another stream may begin behind it, within the same message.
            if status == Status::StreamEnd {
                self.decompress.reset(false);
            }
            let is_full = message.len() == message.capacity();
            match (input.is_empty(), is_full) {
                (true, false) => return Ok(()),
                (false, false) if read == 0 && message.len() == made => {
                    return Err(WebSocketBreach::Compression);
                }
                _ => {}
            }
        }
    }
}
