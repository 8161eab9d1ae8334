/**
 * One read for all who ask for the same thing while another read of it is under way.
 *
 * Whoever asks gets the answer of a read that began after it asked, so a joint answer shows every write that was
 * acknowledged before the question, just as a read of one's own would. What is never shared is a read that had
 * begun already. Cost: an answer takes up to twice as long as one read; a hundred askers at once cost two reads.
 */

export class JointReads<Key, Value> {
  readonly #read: (key: Key) => Promise<Value>;
  /** Under way: nobody may join any more. */
  readonly #running = new Map<Key, Promise<void>>();
  /** To begin when the running one ends. */
  readonly #waiting = new Map<Key, Promise<Value>>();

  constructor(read: (key: Key) => Promise<Value>) {
    this.#read = read;
  }

  /** @throws what the read throws, to everyone who joined it */
  read(key: Key): Promise<Value> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#begin(key);
    const joined = this.#waiting.get(key);
    if (joined !== undefined) return joined;
    const waiting = running.then(() => {
      this.#waiting.delete(key);
      return this.#begin(key);
    });
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #begin(key: Key): Promise<Value> {
    const reading = this.#read(key);
    const ended = reading.then(
      () => {},
      () => {},
    );
    this.#running.set(key, ended);
    // Registered first, so it runs before whoever waits begins the next read.
    void ended.then(() => {
      if (this.#running.get(key) === ended) this.#running.delete(key);
    });
    return reading;
  }
}
