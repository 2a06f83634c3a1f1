//! Brief stories of hand-made recordings.

use super::*;
