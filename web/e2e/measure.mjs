// What the module holds on to while it works: watched from outside.

/** Runs before a page's scripts: keeps the program's memory and its table of JavaScript values in sight. */
export const watchProgram = `
  globalThis.program = {};
  Object.defineProperty(Object.prototype, "_values", {
    configurable: true,
    set(values) {
      program.values = values;
      Object.defineProperty(this, "_values", { value: values, writable: true, configurable: true, enumerable: true });
    },
  });
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (...what) => {
    const made = await instantiate(...what);
    program.memory = (made.instance ?? made).exports.memory ?? (made.instance ?? made).exports.mem;
    return made;
  };
`;

/** The bytes of the program's memory and how many values it holds. */
export const weight = (tab) => tab.evaluate(() => ({
  bytes: program.memory.buffer.byteLength,
  values: program.values.filter((value) => value !== undefined && value !== null).length,
  slots: program.values.length,
}));

/** Has a tab send `count` ops, a few hundred at a time, and waits until all are stored. */
export async function sendMany(tab, count) {
  for (let sent = 0; sent < count; sent += 250) {
    await tab.evaluate((count) => Promise.all(Array.from({ length: count }, () => session.send({ insert: "x", at: 1 }))).then(() => {}), Math.min(250, count - sent));
  }
}

/** The limits of a Worker that refuses no flood. */
export const unlimited = { MESSAGES_PER_S: 1e6, MESSAGES_BURST: 1e6, BYTES_PER_S: 1e9, BYTES_BURST: 1e9 };

export const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
