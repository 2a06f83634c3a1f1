//! Tests of `bodies.rs`, polled by hand: the executor is a waker that counts.
//!
//! Longer than most files because every way in which two branches can wait for each other is a case of its own.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A task that knows how often it was woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    fn new() -> Arc<Task> {
        Arc::default()
    }

    /// Was it woken since it was last asked?
    fn was_woken(&self) -> bool {
        self.0.swap(0, Ordering::SeqCst) > 0
    }

    /// One poll of the body, as a word: the chunk, "end", "pending", "error".
    fn poll(self: &Arc<Self>, body: &mut Body) -> String {
        let waker = Waker::from(self.clone());
        match body.poll_chunk(&mut Context::from_waker(&waker)) {
            Poll::Pending => "pending".to_owned(),
            Poll::Ready(None) => "end".to_owned(),
            Poll::Ready(Some(Err(_))) => "error".to_owned(),
            Poll::Ready(Some(Ok(chunk))) => String::from_utf8(chunk.to_vec()).expect("text in the tests"),
        }
    }

    fn polls(self: &Arc<Self>, body: &mut Body, expected: &[&str]) {
        for &expected in expected {
            assert_eq!(self.poll(body), expected);
        }
    }
}

/// Polls a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

/// The writing end of a stream: what is pushed here is pulled there.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<PipeState>>);

#[derive(Default)]
struct PipeState {
    items: VecDeque<Option<Result<Bytes, BodyError>>>,
    waker: Option<Waker>,
    dropped: bool,
    polls: usize,
}

struct PipeStream(Pipe);

impl Pipe {
    fn new() -> (Pipe, Body) {
        let pipe = Pipe::default();
        (pipe.clone(), Body::from_stream(PipeStream(pipe)))
    }

    fn push(&self, chunk: &'static str) {
        self.item(Some(Ok(Bytes::from_static(chunk.as_bytes()))));
    }

    fn push_all(&self, chunks: &[&'static str]) {
        chunks.iter().for_each(|chunk| self.push(chunk));
    }

    fn fail(&self) {
        self.item(Some(Err(BodyError::new(TooLarge { limit: 0 }))));
    }

    fn end(&self) {
        self.item(None);
    }

    fn item(&self, item: Option<Result<Bytes, BodyError>>) {
        let mut state = lock(&self.0);
        state.items.push_back(item);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl ByteStream for PipeStream {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut state = lock(&self.0.0);
        state.polls += 1;
        match state.items.pop_front() {
            Some(item) => Poll::Ready(item),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        lock(&self.0.0).dropped = true;
    }
}

#[test]
fn a_body_of_bytes_is_one_chunk_and_its_clones_share_it() {
    let bytes = Bytes::from(vec![b'x'; 1000]);
    let mut body = Body::from_bytes(bytes.clone());
    let mut clone = body.clone_body();
    assert_eq!((clone.length, clone.source.is_null()), (Some(1000), false));
    for body in [&mut body, &mut clone] {
        let read = now(body.read_all(None)).expect("bytes");
        assert_eq!((read.as_ptr(), read.len()), (bytes.as_ptr(), 1000));
    }
    Task::new().polls(&mut body, &["end", "end"]);
}

#[test]
fn a_body_of_a_blob_gives_its_segments() {
    let segments = ["ab", "", "c"].map(|segment| Bytes::from_static(segment.as_bytes()));
    let mut body = Body::from_blob(Blob::new(segments, ""));
    assert_eq!(body.length, Some(3));
    let mut clone = body.clone_body();
    Task::new().polls(&mut body, &["ab", "c", "end"]);
    assert_eq!(now(clone.read_all(None)).expect("bytes"), "abc");
}

#[test]
fn empty_chunks_are_passed_over() {
    let (pipe, mut body) = Pipe::new();
    pipe.push_all(&["", "a", "", ""]);
    Task::new().polls(&mut body, &["a", "pending"]);
    Task::new().polls(&mut Body::from_bytes(""), &["end"]);
    let mut chunks = Body::from_chunks(["", "a", ""].map(Bytes::from), BodySource::Null).into_stream();
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(chunks.poll_next(&mut context), Poll::Ready(Some(Ok(chunk))) if chunk == "a"));
    assert!(matches!(chunks.poll_next(&mut context), Poll::Ready(None)));
}

#[test]
fn the_end_is_for_ever_and_lets_the_stream_go() {
    let (pipe, mut body) = Pipe::new();
    pipe.push("a");
    pipe.end();
    pipe.push("never");
    Task::new().polls(&mut body, &["a", "end", "end"]);
    assert!(lock(&pipe.0).dropped);
}

#[test]
fn an_error_is_for_ever_so_that_no_clone_ends_cleanly_after_it() {
    let (pipe, mut body) = Pipe::new();
    pipe.fail();
    Task::new().polls(&mut body, &["error", "error"]);
    assert!(lock(&pipe.0).dropped);
    let mut clone = body.clone_body();
    Task::new().polls(&mut clone, &["error"]);
    assert!(now(body.read_all(None)).is_err());
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(body.into_stream().poll_next(&mut context), Poll::Ready(Some(Err(_)))));
}

#[test]
fn read_all_joins_and_keeps_its_limit() {
    for (name, chunks, limit, expected) in [
        ("nothing", &[][..], None, Some("")),
        ("nothing under a limit of nothing", &[], Some(0), Some("")),
        ("one chunk", &["ab"], None, Some("ab")),
        ("several", &["a", "", "bc", "d"], None, Some("abcd")),
        ("as much as the limit", &["ab", "cd"], Some(4), Some("abcd")),
        ("one byte more", &["ab", "cde"], Some(4), None),
        ("one byte more in the first chunk", &["abcde"], Some(4), None),
        ("a limit of nothing", &["a"], Some(0), None),
    ] {
        let (pipe, mut body) = Pipe::new();
        chunks.iter().for_each(|chunk| pipe.push(chunk));
        pipe.end();
        match (now(body.read_all(limit)), expected) {
            (Ok(read), Some(expected)) => assert_eq!(read, expected, "{name}"),
            (Err(error), None) => {
                let cause = error.cause.downcast_ref::<TooLarge>();
                assert_eq!(cause.map(|cause| Some(cause.limit)), Some(limit), "{name}");
            }
            (read, _) => panic!("{name}: {read:?}"),
        }
    }
}

#[test]
fn dropping_the_future_of_chunk_loses_nothing() {
    let (pipe, mut body) = Pipe::new();
    let task = Task::new();
    let waker = Waker::from(task.clone());
    for _ in 0..3 {
        let mut future = std::pin::pin!(body.chunk());
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    pipe.push("a");
    assert!(task.was_woken());
    pipe.push("b");
    // A future that was woken and dropped unpolled takes no chunk with it.
    drop(body.chunk());
    task.polls(&mut body, &["a", "b", "pending"]);
}

#[test]
fn an_unbounded_tee_gives_both_everything_however_far_apart() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.clone_body();
    let (first, second) = (Task::new(), Task::new());
    pipe.push_all(&["a", "b", "c"]);
    pipe.end();
    first.polls(&mut one, &["a", "b", "c", "end"]);
    assert!(lock(&pipe.0).dropped, "the source goes at its end, whoever still reads");
    second.polls(&mut two, &["a", "b", "c", "end"]);
}

#[test]
fn both_branches_are_woken_by_what_one_of_them_waits_for() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.clone_body();
    let (first, second) = (Task::new(), Task::new());
    first.polls(&mut one, &["pending"]);
    second.polls(&mut two, &["pending"]);
    pipe.push("a");
    assert!(first.was_woken() && second.was_woken());
    // The first may have lost interest: the second gets on without it.
    second.polls(&mut two, &["a", "pending"]);
    assert!(!second.was_woken());
    first.polls(&mut one, &["a", "pending"]);
    pipe.end();
    assert!(first.was_woken() && second.was_woken());
    first.polls(&mut one, &["end"]);
    second.polls(&mut two, &["end"]);
}

#[test]
fn a_branch_that_pulls_wakes_the_one_that_waited_before_it() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.clone_body();
    let (first, second) = (Task::new(), Task::new());
    first.polls(&mut one, &["pending"]);
    // Without a wake from the source: the second happens to poll first.
    lock(&pipe.0).items.push_back(Some(Ok(Bytes::from_static(b"a"))));
    second.polls(&mut two, &["a"]);
    assert!(first.was_woken());
    first.polls(&mut one, &["a"]);
}

#[test]
fn under_a_limit_the_faster_waits_and_is_woken_when_the_slower_drains() {
    let (pipe, mut fast) = Pipe::new();
    let mut slow = fast.tee(Some(4));
    let (first, second) = (Task::new(), Task::new());
    pipe.push_all(&["aa", "bb", "cc"]);
    first.polls(&mut fast, &["aa", "bb", "pending"]);
    assert_eq!(lock(&pipe.0).polls, 2, "the source is not asked while the slower lags");
    assert!(!first.was_woken());
    second.polls(&mut slow, &["aa"]);
    assert!(first.was_woken());
    first.polls(&mut fast, &["cc", "pending"]);
    second.polls(&mut slow, &["bb", "cc", "pending"]);
}

#[test]
fn the_faster_is_woken_when_the_slower_is_dropped_and_waits_no_more() {
    let (pipe, mut fast) = Pipe::new();
    let slow = fast.tee(Some(1));
    let first = Task::new();
    pipe.push_all(&["aa", "bb", "cc"]);
    pipe.end();
    first.polls(&mut fast, &["aa", "pending"]);
    drop(slow);
    assert!(first.was_woken());
    first.polls(&mut fast, &["bb", "cc", "end"]);
}

#[test]
fn a_limit_of_nothing_is_lockstep_not_deadlock() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.tee(Some(0));
    let (first, second) = (Task::new(), Task::new());
    pipe.push_all(&["", "a", "b"]);
    pipe.end();
    first.polls(&mut one, &["a", "pending"]);
    second.polls(&mut two, &["a", "b", "pending"]);
    assert!(first.was_woken());
    first.polls(&mut one, &["b", "end"]);
    second.polls(&mut two, &["end"]);
}

#[test]
fn an_error_reaches_both_after_what_was_read_before_it() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.clone_body();
    let (first, second) = (Task::new(), Task::new());
    second.polls(&mut two, &["pending"]);
    pipe.push("a");
    pipe.fail();
    assert!(second.was_woken());
    first.polls(&mut one, &["a", "error", "error"]);
    second.polls(&mut two, &["a", "error", "error"]);
}

#[test]
fn the_source_is_dropped_with_its_last_branch() {
    let (pipe, mut one) = Pipe::new();
    let two = one.clone_body();
    Task::new().polls(&mut one, &["pending"]);
    drop(one);
    assert!(!lock(&pipe.0).dropped);
    drop(two);
    assert!(lock(&pipe.0).dropped, "no waker keeps it");
}

#[test]
fn a_dropped_branch_keeps_no_task() {
    let (_pipe, mut one) = Pipe::new();
    let two = one.clone_body();
    let first = Task::new();
    first.polls(&mut one, &["pending"]);
    drop(one);
    assert_eq!(Arc::strong_count(&first), 1);
    drop(two);
}

#[test]
fn a_clone_of_a_clone_stands_where_the_clone_stood() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.clone_body();
    let task = Task::new();
    pipe.push_all(&["a", "b", "c"]);
    pipe.end();
    task.polls(&mut one, &["a", "b"]);
    task.polls(&mut two, &["a"]);
    let mut three = two.clone_body();
    let mut four = one.clone_body();
    for (body, expected) in [
        (&mut one, &["c", "end"][..]),
        (&mut two, &["b", "c", "end"]),
        (&mut three, &["b", "c", "end"]),
        (&mut four, &["c", "end"]),
    ] {
        task.polls(body, expected);
    }
}

#[test]
fn a_clone_under_another_limit_waits_only_for_its_own() {
    let (pipe, mut one) = Pipe::new();
    let mut two = one.clone_body();
    let mut three = two.tee(Some(1));
    let task = Task::new();
    pipe.push_all(&["a", "b"]);
    pipe.end();
    // Cloned without a limit: read to its end before anybody else.
    task.polls(&mut one, &["a", "b", "end"]);
    task.polls(&mut two, &["a", "pending"]);
    task.polls(&mut three, &["a", "b", "pending"]);
    task.polls(&mut two, &["b", "end"]);
    task.polls(&mut three, &["end"]);
}

#[test]
fn a_hundred_thousand_clones_overflow_no_stack() {
    let (pipe, mut body) = Pipe::new();
    let mut clones: Vec<Body> = (0..100_000).map(|_| body.clone_body()).collect();
    pipe.push("a");
    let task = Task::new();
    task.polls(&mut clones[99_999], &["a", "pending"]);
    task.polls(&mut clones[0], &["a"]);
    task.polls(&mut body, &["a"]);
    drop(clones);
    // One after the other, each cloned from the last: its place is used again.
    for _ in 0..100_000 {
        body = body.clone_body();
    }
    pipe.end();
    task.polls(&mut body, &["end"]);
}

/// Waits once, and then wakes its waker while it is polled, as streams over channels may.
struct WakesWhilePolled(bool);

impl ByteStream for WakesWhilePolled {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if !std::mem::replace(&mut self.0, true) {
            return Poll::Pending;
        }
        context.waker().wake_by_ref();
        Poll::Ready(Some(Ok(Bytes::from_static(b"a"))))
    }
}

/// A task that holds a body and lets it go when it is woken.
struct DropsItsBody(Mutex<Option<Body>>);

impl Wake for DropsItsBody {
    fn wake(self: Arc<Self>) {
        let body = lock(&self.0).take();
        drop(body);
    }
}

#[test]
fn a_task_that_drops_its_branch_while_it_is_woken_blocks_nobody() {
    let mut one = Body::from_stream(WakesWhilePolled(false));
    let mut two = one.tee(Some(1));
    let task = Arc::new(DropsItsBody(Mutex::new(None)));
    let waker = Waker::from(task.clone());
    assert!(one.poll_chunk(&mut Context::from_waker(&waker)).is_pending());
    *lock(&task.0) = Some(one);
    Task::new().polls(&mut two, &["a"]);
    assert!(lock(&task.0).is_none(), "the first branch was dropped within the poll of the second");
    Task::new().polls(&mut two, &["a", "a"]);
}

struct Panics;

impl ByteStream for Panics {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        panic!("as the test wants it")
    }
}

#[test]
fn a_stream_that_panics_is_an_error_to_the_other_branch() {
    let mut one = Body::from_stream(Panics);
    let mut two = one.clone_body();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Task::new().poll(&mut one)));
    assert!(panicked.is_err());
    Task::new().polls(&mut two, &["error"]);
}

#[test]
fn two_threads_read_the_same() {
    struct Numbers(u32);
    impl ByteStream for Numbers {
        fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
            self.0 += 1;
            match self.0 {
                20_000 => Poll::Ready(None),
                // Now and then it pretends to wait.
                number if number % 7 == 0 => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                number => Poll::Ready(Some(Ok(Bytes::copy_from_slice(&number.to_be_bytes())))),
            }
        }
    }
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let read = |mut body: Body| {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut read = Vec::new();
        loop {
            match body.poll_chunk(&mut Context::from_waker(&waker)) {
                Poll::Pending => std::thread::park(),
                Poll::Ready(None) => return read,
                Poll::Ready(Some(chunk)) => read.extend_from_slice(&chunk.expect("a number")),
            }
        }
    };
    for limit in [None, Some(1), Some(64)] {
        let mut one = Body::from_stream(Numbers(0));
        let two = one.tee(limit);
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| read(one));
            let second = scope.spawn(|| read(two));
            (first.join().expect("a reader"), second.join().expect("a reader"))
        });
        let expected: Vec<u8> = (1..20_000u32).filter(|n| n % 7 != 0).flat_map(u32::to_be_bytes).collect();
        assert!(first == expected && second == expected, "{limit:?}");
    }
}

#[test]
fn piping_keeps_source_and_length_and_what_was_not_read() {
    struct Shout(Box<dyn ByteStream>);
    impl ByteStream for Shout {
        fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
            self.0
                .poll_next(context)
                .map(|next| next.map(|chunk| chunk.map(|chunk| chunk.to_ascii_uppercase().into())))
        }
    }
    let mut body = Body::from_chunks(["a", "b"].map(Bytes::from), BodySource::Bytes("ab".into()));
    let task = Task::new();
    task.polls(&mut body, &["a"]);
    body.pipe_through(Shout);
    assert_eq!((body.length, body.source.is_null()), (Some(2), false));
    task.polls(&mut body, &["B", "end"]);
}

#[test]
fn what_is_there_is_read_ahead_and_nothing_is_lost() {
    /// Chunks, a wait after so many, an end or an error.
    struct Then(u8, u8, bool);
    impl ByteStream for Then {
        fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
            let Then(next, wait, fails) = self;
            *next += 1;
            match (*next, *fails) {
                (number, _) if number == *wait => Poll::Pending,
                (number, _) if number <= 5 => Poll::Ready(Some(Ok(Bytes::copy_from_slice(&[number; 10])))),
                (_, true) => Poll::Ready(Some(Err(BodyError::new(std::io::Error::other("cut"))))),
                (_, false) => Poll::Ready(None),
            }
        }
    }
    for (row, stream, limit, whole, sum) in [
        ("to its end", Then(0, 99, false), 1000, true, Some(50)),
        ("up to the limit", Then(0, 99, false), 15, false, Some(50)),
        ("as far as it has come", Then(0, 3, false), 1000, false, Some(40)),
        ("nothing yet", Then(0, 1, false), 1000, false, Some(40)),
        ("to its failure", Then(0, 99, true), 1000, false, None),
    ] {
        let mut body = Body::from_stream(stream);
        assert_eq!(body.read_ahead(limit), whole, "{row}");
        assert_eq!(body.read_ahead(0), whole, "{row}, and no more");
        let mut other = body.clone_body();
        for body in [&mut body, &mut other] {
            let mut read = 0;
            let ended = loop {
                match body.poll_chunk(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(Some(Ok(chunk))) => read += chunk.len(),
                    Poll::Ready(Some(Err(_))) => break None,
                    Poll::Ready(None) => break Some(read),
                    Poll::Pending => {}
                }
            };
            assert_eq!(ended, sum, "{row}");
        }
        assert!(sum.is_none() || (body.is_whole() && body.is_at_end()), "{row}");
    }
}
