// The editors made with React, each by its recipe in EDITORS.md and under Strict Mode.
import { after, before, describe, test } from "node:test";
import { startEditors, stopEditors, story } from "./editor-story.mjs";

const editors = ["BlockNote", "Lexical"];

before(() => startEditors(editors));
after(stopEditors);

describe("two users, two tabs each", { concurrency: 2 }, () => {
  for (const editor of editors) test(editor, { timeout: 170_000 }, (t) => story(t, editor));
});
