/** Virtual time: what is due at one moment happens in the order in which it was planned. */
export class Clock {
  now = 0;
  readonly latency: number;

  #plans: { at: number; run: () => void }[] = [];

  constructor(latency: number) {
    this.latency = latency;
  }

  /** Runs something after the time that a message takes; without any, in a microtask. */
  deliver(run: () => void): void {
    this.after(this.latency, run);
  }

  /** Runs something in a microtask. */
  soon(run: () => void): void {
    this.after(0, run);
  }

  after(ms: number, run: () => void): void {
    const at = this.now + Math.max(0, ms);
    const index = this.#plans.findIndex((plan) => plan.at > at);
    this.#plans.splice(index < 0 ? this.#plans.length : index, 0, { at, run });
    if (ms <= 0) queueMicrotask(() => this.#runDue());
  }

  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      this.#runDue();
      await turn(); // the app's listeners, and what they do
      const next = this.#plans[0];
      if (!next || next.at > until) break;
      this.now = Math.max(this.now, next.at);
    }
    this.now = until;
  }

  #runDue(): void {
    while (this.#plans[0] && this.#plans[0].at <= this.now) this.#plans.shift()!.run();
  }
}

// Promises that follow promises: an app may await a few before it acts. No timer is
// used, so a test's fake timers do not stand in the way.
async function turn(): Promise<void> {
  for (let i = 0; i < 32; i++) await undefined;
}
