/** A process that is stopped at one call of its store or channel, before the call or after it. */

/** From the stop on, every call of what it held fails. */
export class StoppedProcess {
  calls = 0;
  stopped = false;
  readonly #stopAt: number;
  readonly #moment: 'before' | 'after';
  readonly #onStop = new AbortController();

  constructor(stopAt: number, moment: 'before' | 'after') {
    this.#stopAt = stopAt;
    this.#moment = moment;
  }

  /** Waits of the dead process end too, or they would hold its memory. */
  get signal(): AbortSignal {
    return this.#onStop.signal;
  }

  holds<Held extends object>(held: Held): Held {
    return new Proxy(held, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        return typeof method === 'function' ? this.#counted(method.bind(target)) : method;
      },
    });
  }

  #counted(method: (...args: readonly unknown[]) => Promise<unknown>) {
    return async (...args: readonly unknown[]): Promise<unknown> => {
      if (this.stopped) throw new Error('the process is gone');
      this.calls += 1;
      const last = this.calls === this.#stopAt;
      if (last && this.#moment === 'before') throw this.#stop();
      const result = await method(...args);
      if (last) throw this.#stop();
      return result;
    };
  }

  #stop(): Error {
    this.stopped = true;
    const error = new Error('the process was stopped by the test');
    this.#onStop.abort(error);
    return error;
  }
}
