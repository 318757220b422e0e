// SPDX-License-Identifier: MIT OR Apache-2.0

//! The workers: a bounded number of threads for a bounded queue.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::wake::{lock, wait_until};

/// How long a worker waits for more before it ends.
const IDLE: Duration = Duration::from_secs(5);

/// Threads that do jobs of one kind.
pub(crate) struct Pool<J> {
    state: Mutex<State<J>>,
    more: Condvar,
    workers: usize,
    queued: usize,
}

struct State<J> {
    jobs: VecDeque<J>,
    workers: usize,
    idle: usize,
}

impl<J: Send + 'static> Pool<J> {
    /// A pool without threads, which will have at most `workers` and keep at
    /// most `queued` jobs that none of them has begun.
    pub(crate) fn new(workers: usize, queued: usize) -> Self {
        Self {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                workers: 0,
                idle: 0,
            }),
            more: Condvar::new(),
            workers: workers.max(1),
            queued: queued.max(1),
        }
    }

    /// Has `work` done with `job` by a worker, a new one if all are busy. Gives
    /// the job back if the queue is full, or if there is no thread and none
    /// can be made.
    pub(crate) fn push(
        self: &Arc<Self>,
        job: J,
        work: impl Fn(J) + Send + 'static,
    ) -> Result<(), (io::Error, J)> {
        let mut state = lock(&self.state);
        if state.jobs.len() >= self.queued {
            return Err((io::Error::from_raw_os_error(11), job));
        }
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() {
            drop(state);
            self.more.notify_one();
            return Ok(());
        }
        if state.workers >= self.workers {
            return Ok(());
        }

        let pool = self.clone();
        let worker = thread::Builder::new().name("umh-worker".into());
        match worker.spawn(move || pool.run(work)) {
            Ok(_) => state.workers += 1,
            Err(error) if state.workers == 0 => {
                // Nobody would ever come for it.
                if let Some(job) = state.jobs.pop_back() {
                    return Err((error, job));
                }
            }
            Err(_) => {}
        }
        Ok(())
    }

    fn run(&self, work: impl Fn(J)) {
        let mut state = lock(&self.state);
        loop {
            while let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic in a caller's cleanup is that caller's, and has been
                // told on standard error: the worker is for the others, too.
                let _ = catch_unwind(AssertUnwindSafe(|| work(job)));
                state = lock(&self.state);
            }
            let deadline = Instant::now() + IDLE;
            state.idle += 1;
            while state.jobs.is_empty() && Instant::now() < deadline {
                state = wait_until(&self.more, state, Some(deadline));
            }
            state.idle -= 1;
            if state.jobs.is_empty() {
                state.workers -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_full_queue_gives_the_job_back() {
        let pool = Arc::new(Pool::new(1, 1));
        let (started, starts) = channel();
        let (go, gate) = channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let work = move |job: u32| {
            started.send(job).unwrap();
            gate.lock().unwrap().recv().unwrap();
        };
        pool.push(1, work.clone())
            .map_err(|(error, _)| error)
            .unwrap();
        assert_eq!(starts.recv(), Ok(1));
        pool.push(2, work.clone())
            .map_err(|(error, _)| error)
            .unwrap();
        let (error, job) = pool.push(3, work).unwrap_err();
        assert_eq!((error.kind(), job), (io::ErrorKind::WouldBlock, 3));
        go.send(()).unwrap();
        assert_eq!(starts.recv(), Ok(2));
        go.send(()).unwrap();
    }

    #[test]
    fn a_job_that_panics_does_not_take_its_worker_along() {
        let pool = Arc::new(Pool::new(1, 2));
        let (done, ends) = channel();
        let work = move |job: u32| {
            assert_ne!(job, 1, "a job that panics");
            done.send(job).unwrap();
        };
        for job in [1, 2] {
            pool.push(job, work.clone())
                .map_err(|(error, _)| error)
                .unwrap();
        }
        assert_eq!(ends.recv_timeout(Duration::from_secs(20)), Ok(2));
    }
}
