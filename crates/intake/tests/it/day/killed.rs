use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a future until it has waited so often, and drops it then, as if the process had died there: `None`.
pub(crate) async fn run_until_killed<F: Future>(work: F, waits_max: u32) -> Option<F::Output> {
    Mortal { work: Box::pin(work), waits_left: waits_max }.await
}

struct Mortal<F: Future> {
    work: Pin<Box<F>>,
    waits_left: u32,
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.waits_left == 0 => Poll::Ready(None),
            Poll::Pending => {
                self.waits_left -= 1;
                Poll::Pending
            }
        }
    }
}
