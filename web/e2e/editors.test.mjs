// The editors people bring, each by its recipe in EDITORS.md.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { startEditors, stopEditors, story } from "./editor-story.mjs";
import { tried } from "./editors.mjs";

const editors = ["Tiptap", "Quill", "CodeMirror", "ProseMirror"];

before(() => startEditors(editors));
after(stopEditors);

describe("two users, two tabs each", { concurrency: 2 }, () => {
  for (const editor of editors) test(editor, { timeout: 170_000 }, (t) => story(t, editor));
});

test("EDITORS.md names the versions that are tried", async () => {
  const installed = await Promise.all(tried.map(async ([name]) => [name, JSON.parse(await readFile(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8")).version]));
  assert.ok(tried.length >= 14);
  assert.deepEqual(tried, installed);
});
