//! The matrices that the policy tests are generated from.
