// Stop ends a command. Its message is one sentence, and the fix.
export class Stop extends Error {}
