//! [Statuses](https://fetch.spec.whatwg.org/#statuses): integers from 0 to 999, in five named sets.

/// <https://fetch.spec.whatwg.org/#concept-status>
pub type Status = u16;

/// <https://fetch.spec.whatwg.org/#null-body-status>
pub fn is_null_body_status(status: Status) -> bool {
    matches!(status, 101 | 103 | 204 | 205 | 304)
}

/// <https://fetch.spec.whatwg.org/#ok-status>
pub fn is_ok_status(status: Status) -> bool {
    (200..=299).contains(&status)
}

/// <https://fetch.spec.whatwg.org/#range-status>
pub fn is_range_status(status: Status) -> bool {
    matches!(status, 206 | 416)
}

/// <https://fetch.spec.whatwg.org/#redirect-status>
pub fn is_redirect_status(status: Status) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_statuses() {
        let members = |is: fn(Status) -> bool| (0..1000).filter(|&status| is(status)).collect::<Vec<_>>();
        assert_eq!(members(is_null_body_status), [101, 103, 204, 205, 304]);
        assert_eq!(members(is_range_status), [206, 416]);
        assert_eq!(members(is_redirect_status), [301, 302, 303, 307, 308]);
        assert_eq!(members(is_ok_status), (200..300).collect::<Vec<_>>());
    }
}
