// What went wrong with a page, in words for the agent that asked, under a stable word.
export class Failure extends Error {
  /** facts: what the server needs beside the sentence, such as the domain that was not allowed. */
  constructor(code, message, facts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/** Rejects when the time is over; what loses is left to end by itself. */
export async function within(ms, promise, late) {
  let timer;
  const bell = new Promise((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, ms));
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, bell]);
  } finally {
    clearTimeout(timer);
  }
}

/** A point in time that everything of one call shares. */
export class Deadline {
  constructor(ms) {
    this.ms = ms;
    this.end = performance.now() + ms;
    /* Rejects when the call is given up. */
    this.given_up = new Promise((_, reject) => {
      this.give_up = () => {
        this.end = 0;
        reject(new Failure('interrupted', 'the call was taken back'));
      };
    });
    this.given_up.catch(() => {});
  }

  left() {
    return Math.max(0, this.end - performance.now());
  }

  failure() {
    return new Failure('timeout', `timed out after ${Math.round(this.ms / 100) / 10} s`);
  }

  hold(promise) {
    promise.catch(() => {});
    return within(this.left(), Promise.race([this.given_up, promise]), () => this.failure());
  }
}
